-- Taken before reading: whatever arrives later marks the days stale again. Boards of days with stale points
-- before them stay stale; those of a day that is not over are ranked as a whole again. A statement of its own after
-- open_days, to see who was waited for. Nothing before :start_on counts.
WITH stale AS (
    SELECT coalesce(min(s.day), 'infinity') AS day FROM community.days AS s
    WHERE s.day BETWEEN :start_on AND :last_day AND s.is_points_stale
)

UPDATE community.days AS d SET is_boards_stale = d.day >= stale.day, is_boards_due_for_all = d.day >= :today
FROM stale
WHERE d.day BETWEEN :first_day AND :last_day
