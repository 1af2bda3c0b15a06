-- The community's edges: awards that cannot be posted, days that build on each other.

-- Awards of the app that wait for a person.

CREATE TABLE community.rejected_transactions (
    transaction_id bigint CONSTRAINT rejected_transactions_pkey PRIMARY KEY,
    reason text NOT NULL,
    member_id text COLLATE "C",
    points bigint,
    first_seen_at timestamptz NOT NULL
);
COMMENT ON TABLE community.rejected_transactions IS 'One row per award of the app that is set aside now. It is looked at again at every posting, and leaves when it is mended or gone.';
COMMENT ON COLUMN community.rejected_transactions.transaction_id IS 'The award, by the app''s key; 0 when it has none.';
COMMENT ON COLUMN community.rejected_transactions.reason IS 'Why it is not posted, or no longer what was posted.';
COMMENT ON COLUMN community.rejected_transactions.member_id IS 'Whose it is, as the app says.';
COMMENT ON COLUMN community.rejected_transactions.points IS 'Points, as the app says.';
COMMENT ON COLUMN community.rejected_transactions.first_seen_at IS 'When it was set aside.';

-- The next posting looks at everything once, and remembers from there.
ALTER TABLE community.posting_cursors
ALTER COLUMN last_id DROP NOT NULL,
ADD COLUMN swept_on date;
UPDATE community.posting_cursors SET last_id = NULL;
COMMENT ON COLUMN community.posting_cursors.last_id IS 'Rows up to this id are looked at once a day, later ones at every posting; NULL: all.';
COMMENT ON COLUMN community.posting_cursors.swept_on IS 'UTC day on which all rows were last looked at.';

-- What a day is computed from, beside its activity.
ALTER TABLE community.days ADD COLUMN is_sync_enabled boolean;
UPDATE community.days AS d SET is_sync_enabled = TRUE
WHERE EXISTS (
    SELECT 1 FROM community.mee6_syncs AS s
    WHERE
        s.sync_id > extract(EPOCH FROM d.day::timestamp)::bigint
        AND s.sync_id <= extract(EPOCH FROM d.day::timestamp)::bigint + 86400
);
COMMENT ON COLUMN community.days.is_sync_enabled IS 'Whether the MEE6 sync was switched on when the day ended; NULL: not recorded yet.';
COMMENT ON COLUMN community.days.is_points_stale IS 'XP or entries of that day arrived after daily_points was computed.';
COMMENT ON COLUMN community.days.is_streaks_stale IS 'daily_streaks may not be what follows: that day or one before it changed since, or the day was still open.';
COMMENT ON COLUMN community.days.is_boards_stale IS 'leaderboard_rankings may not be what follows: entries of that day or one before it came since.';
COMMENT ON COLUMN community.days.streaks_at IS 'When streaks were last computed; NULL never.';

CREATE FUNCTION community.mark_days_stale(changed_days date[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    -- Locked in order of day, as who computes a range locks them.
    PERFORM 1 FROM community.days AS d
    WHERE d.day >= (SELECT min(c.day) FROM unnest(changed_days) AS c (day))
    ORDER BY d.day
    FOR UPDATE;
    INSERT INTO community.days (day)
    SELECT DISTINCT c.day FROM unnest(changed_days) AS c (day)
    ORDER BY c.day
    ON CONFLICT (day) DO UPDATE SET is_points_stale = TRUE, is_streaks_stale = TRUE, is_boards_stale = TRUE;
    UPDATE community.days AS d SET is_streaks_stale = TRUE, is_boards_stale = TRUE
    WHERE
        d.day > (SELECT min(c.day) FROM unnest(changed_days) AS c (day))
        AND NOT (d.is_streaks_stale AND d.is_boards_stale);
END
$$;
COMMENT ON FUNCTION community.mark_days_stale(date[]) IS 'XP or entries of these days arrived: they must be computed again, and streaks and boards of all days after them.';

CREATE FUNCTION community.mark_observed_day() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    read_day date := ((new.synced_at - interval '1 microsecond') AT TIME ZONE 'UTC')::date;
    ends_at bigint := extract(EPOCH FROM read_day::timestamp)::bigint + 86400;
BEGIN
    IF new.sync_id > ends_at - 3600 AND NOT EXISTS (
        SELECT 1 FROM community.mee6_syncs AS s
        WHERE s.status = 'accepted' AND s.sync_id <> new.sync_id AND s.sync_id > ends_at - 3600 AND s.sync_id <= ends_at
    ) THEN
        PERFORM 1 FROM community.days AS d WHERE d.day >= read_day ORDER BY d.day FOR UPDATE;
        UPDATE community.days AS d SET is_streaks_stale = TRUE
        WHERE d.day >= read_day AND d.streaks_at IS NOT NULL AND NOT d.is_streaks_stale;
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION community.mark_observed_day() IS 'Row trigger of the syncs: with the first accepted reading of its last hour a day becomes observed, and streaks may break.';
CREATE TRIGGER mee6_syncs_observed AFTER UPDATE ON community.mee6_syncs
FOR EACH ROW WHEN (new.status = 'accepted' AND old.status <> 'accepted')
EXECUTE FUNCTION community.mark_observed_day();
ALTER TABLE community.mee6_syncs ENABLE ALWAYS TRIGGER mee6_syncs_observed;
