-- Domain events know the cluster they were written in. Transaction ids are counted by one cluster: in
-- another, where a dump was restored, the count begins anew below the ids the events came with.

ALTER TABLE operations.domain_events ADD COLUMN epoch integer NOT NULL DEFAULT 0;
ALTER TABLE operations.event_followers ADD COLUMN epoch integer NOT NULL DEFAULT 0;
DROP INDEX operations.domain_events_order_idx;
CREATE INDEX domain_events_order_idx ON operations.domain_events (epoch, transaction_id, event_id);
COMMENT ON COLUMN operations.domain_events.epoch IS 'In which count of transactions: one more after each restore into a cluster that counts from below.';
COMMENT ON COLUMN operations.event_followers.epoch IS 'Count of transactions the last event taken belongs to.';

-- No identity of the cluster is asked for: not every login may read it, and not every managed server has
-- one. A transaction id nobody has handed out yet proves another count; one that is merely high does no harm.
CREATE FUNCTION operations.event_epoch() RETURNS integer
LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
    WITH latest AS (
        (
            SELECT e.epoch, e.transaction_id FROM operations.domain_events AS e
            ORDER BY e.epoch DESC, e.transaction_id DESC
            LIMIT 1
        )
        UNION ALL
        (
            SELECT f.epoch, f.transaction_id FROM operations.event_followers AS f
            ORDER BY f.epoch DESC, f.transaction_id DESC
            LIMIT 1
        )
        ORDER BY epoch DESC, transaction_id DESC
        LIMIT 1
    )

    SELECT coalesce(max(
        l.epoch + (
            l.transaction_id >= pg_snapshot_xmax(pg_current_snapshot())
            AND l.transaction_id IS DISTINCT FROM pg_current_xact_id_if_assigned()
        )::integer
    ), 0)
    FROM latest AS l
$$;
COMMENT ON FUNCTION operations.event_epoch() IS 'The epoch of events written now: that of the latest known, or the next one when its transaction id is still to come in this cluster.';
ALTER TABLE operations.domain_events ALTER COLUMN epoch SET DEFAULT operations.event_epoch();

CREATE OR REPLACE FUNCTION operations.take_domain_events(follower_name text, most integer DEFAULT 100)
RETURNS SETOF operations.domain_events
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    place operations.event_followers;
    taken operations.domain_events;
    current_epoch integer;
BEGIN
    INSERT INTO operations.event_followers (follower) VALUES (follower_name) ON CONFLICT DO NOTHING;
    SELECT * INTO place FROM operations.event_followers AS f WHERE f.follower = follower_name FOR UPDATE;
    current_epoch := operations.event_epoch();
    FOR taken IN
        SELECT * FROM operations.domain_events AS e
        WHERE
            (e.epoch, e.transaction_id, e.event_id) > (place.epoch, place.transaction_id, place.event_id)
            -- Whatever came with a dump is committed; of our own count, wait for what is older and open.
            AND (e.epoch < current_epoch OR e.transaction_id < pg_snapshot_xmin(pg_current_snapshot()))
        ORDER BY e.epoch, e.transaction_id, e.event_id
        LIMIT most
    LOOP
        RETURN NEXT taken;
    END LOOP;
    IF taken.event_id IS NOT NULL THEN
        UPDATE operations.event_followers AS f
        SET
            epoch = taken.epoch, transaction_id = taken.transaction_id,
            event_id = taken.event_id, taken_at = clock_timestamp()
        WHERE f.follower = follower_name;
    END IF;
END
$$;
