-- Who may do what: the owner runs the pipelines, the app writes its own tables, analysts read.

DO $$
DECLARE
    role_name text;
BEGIN
    FOREACH role_name IN ARRAY ARRAY['trc_owner', 'trc_app', 'trc_analyst'] LOOP
        IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = role_name) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', role_name);
            EXCEPTION
                -- Roles belong to the whole server: another of its databases may be first.
                WHEN duplicate_object OR unique_violation THEN NULL;
                WHEN insufficient_privilege THEN
                    RAISE EXCEPTION 'the role % is missing and % may not create it', role_name, current_user
                        USING ERRCODE = 'insufficient_privilege',
                        HINT = 'Have an administrator run: CREATE ROLE trc_owner NOLOGIN; CREATE ROLE trc_app NOLOGIN; '
                        'CREATE ROLE trc_analyst NOLOGIN; GRANT trc_owner TO <this user> WITH ADMIN OPTION.';
            END;
        END IF;
    END LOOP;
    IF NOT pg_has_role(current_user, 'trc_owner', 'MEMBER') THEN
        EXECUTE format('GRANT trc_owner TO %I', current_user);
    END IF;
END
$$;

CREATE FUNCTION operations.hand_over() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    ours text[] := ARRAY['operations', 'leaderboards', 'community', 'quiz', 'betting'];
    item record;
BEGIN
    FOR item IN
        SELECT n.nspname FROM pg_namespace AS n
        WHERE n.nspname = ANY(ours)
    LOOP
        IF pg_get_userbyid((SELECT n.nspowner FROM pg_namespace AS n WHERE n.nspname = item.nspname)) = current_user THEN
            EXECUTE format('ALTER SCHEMA %I OWNER TO trc_owner', item.nspname);
        END IF;
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO trc_app, trc_analyst', item.nspname);
    END LOOP;
    FOR item IN
        SELECT n.nspname, c.relname, c.relkind FROM pg_class AS c
        INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
        WHERE n.nspname = ANY(ours) AND c.relkind IN ('r', 'p', 'v') AND pg_get_userbyid(c.relowner) = current_user
    LOOP
        EXECUTE format('GRANT SELECT ON %I.%I TO trc_app, trc_analyst', item.nspname, item.relname);
        -- A view in place of a table of the app reads what its maker may read, and trc_owner may not.
        IF item.relkind <> 'v' OR item.relname <> ALL(ARRAY['members', 'point_actions', 'point_transactions']) THEN
            EXECUTE format('ALTER TABLE %I.%I OWNER TO trc_owner', item.nspname, item.relname);
        END IF;
    END LOOP;
    FOR item IN
        SELECT p.oid::regprocedure AS signature FROM pg_proc AS p
        INNER JOIN pg_namespace AS n ON p.pronamespace = n.oid
        WHERE n.nspname = ANY(ours) AND pg_get_userbyid(p.proowner) = current_user
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', item.signature);
        EXECUTE format('ALTER FUNCTION %s OWNER TO trc_owner', item.signature);
    END LOOP;
END
$$;
COMMENT ON FUNCTION operations.hand_over() IS 'Gives what the migrating user made to trc_owner, lets app and analysts read it. Called after every migration.';

GRANT EXECUTE ON FUNCTION operations.take_domain_events(text, integer) TO trc_app;
-- Functions in a view are called as whoever reads it.
GRANT EXECUTE ON FUNCTION community.shown_name(text) TO trc_app, trc_analyst;

-- The app's own tables, where they are tables of ours and not views over its own.
DO $$
DECLARE
    app_table text;
BEGIN
    FOREACH app_table IN ARRAY ARRAY['members', 'point_actions', 'point_transactions'] LOOP
        IF (SELECT c.relkind FROM pg_class AS c WHERE c.oid = ('community.' || app_table)::regclass) = 'r' THEN
            EXECUTE format('GRANT INSERT, UPDATE, DELETE ON community.%I TO trc_app', app_table);
        END IF;
    END LOOP;
END
$$;

-- Partitions belong to the owner, whichever login makes or drops them.
ALTER FUNCTION community.ensure_snapshot_partition(date) SECURITY DEFINER SET search_path = pg_catalog;

CREATE FUNCTION community.drop_snapshot_partitions(before_day date) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    -- A reading that is not worked off, or waits for a person, is not lost with its day.
    needed_from date := (
        SELECT min((s.synced_at AT TIME ZONE 'UTC')::date) FROM community.mee6_syncs AS s
        WHERE (s.status = 'accepted' AND s.deltas_at IS NULL)
            OR (s.status = 'quarantined' AND NOT EXISTS (
                SELECT 1 FROM community.mee6_syncs AS a WHERE a.status = 'accepted' AND a.sync_id > s.sync_id
            ))
    );
    partition_name text;
    dropped integer := 0;
BEGIN
    FOR partition_name IN
        SELECT c.relname FROM pg_inherits AS i
        INNER JOIN pg_class AS c ON i.inhrelid = c.oid
        WHERE i.inhparent = 'community.mee6_leaderboard_snapshot'::regclass
            -- As text: the planner may ask this of other tables first, whose names are no dates.
            AND right(c.relname, 8) < to_char(least(before_day, needed_from), 'YYYYMMDD')
    LOOP
        EXECUTE format('DROP TABLE community.%I', partition_name);
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END
$$;
COMMENT ON FUNCTION community.drop_snapshot_partitions(date) IS 'Drops the readings of whole days before the given one; how many days.';

CREATE TABLE operations.purges (
    run_id text NOT NULL,
    target text NOT NULL,
    removed_count bigint NOT NULL CONSTRAINT purges_removed_check CHECK (removed_count >= 0),
    purged_at timestamptz NOT NULL,
    CONSTRAINT purges_pkey PRIMARY KEY (run_id, target)
);
COMMENT ON TABLE operations.purges IS 'One row per housekeeping run and target: how much was removed because it had grown old.';
COMMENT ON COLUMN operations.purges.run_id IS 'Run that removed it.';
COMMENT ON COLUMN operations.purges.target IS 'What was removed.';
COMMENT ON COLUMN operations.purges.removed_count IS 'Rows, or whole days of readings.';
COMMENT ON COLUMN operations.purges.purged_at IS 'Logical time.';
