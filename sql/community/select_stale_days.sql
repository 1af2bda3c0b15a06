-- First day from :start_on on and :before that must be computed again; NULL when there is none.
SELECT min(d.day) AS day
FROM community.days AS d
WHERE d.day < :before AND d.day >= :start_on AND (d.is_points_stale OR d.is_streaks_stale OR d.is_boards_stale)
