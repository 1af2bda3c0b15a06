-- Taken before reading: whatever arrives later marks the days stale again. Boards of days with stale points
-- before them stay stale. A statement of its own after open_days, to see who was waited for.
-- $1, $2: first and last day, $3: nothing before this day counts.
WITH stale AS (
    SELECT coalesce(min(s.day), 'infinity') AS day FROM community.days AS s
    WHERE s.day BETWEEN $3 AND $2 AND s.is_points_stale
)

UPDATE community.days AS d SET is_boards_stale = d.day >= stale.day
FROM stale
WHERE d.day BETWEEN $1 AND $2
