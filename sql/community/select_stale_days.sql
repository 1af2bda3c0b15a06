-- First day from $2 on and before $1 that must be computed again; NULL when there is none.
SELECT min(d.day) AS day
FROM community.days AS d
WHERE d.day < $1 AND d.day >= $2 AND (d.is_points_stale OR d.is_streaks_stale OR d.is_boards_stale)
