-- Taken before reading: whatever arrives later marks the days stale again. What is built on a stale day stays
-- stale, and so does a day that is not over. A statement of its own after open_days, to see who was waited for.
-- $1, $2: first and last day, $3: nothing before this day counts, $4: first day that is not over,
-- $5: whether the sync is on, for days that do not remember.
WITH stale AS (
    SELECT least($4::date, min(s.day)) AS day FROM community.days AS s
    WHERE s.day >= $3 AND ((s.is_points_stale AND s.day <= $2) OR (s.is_streaks_stale AND s.day < $1))
)

UPDATE community.days AS d SET
    is_streaks_stale = d.day >= stale.day,
    streaks_at = clock_timestamp(),
    is_sync_enabled = coalesce(d.is_sync_enabled, $5)
FROM stale
WHERE d.day BETWEEN $1 AND $2
