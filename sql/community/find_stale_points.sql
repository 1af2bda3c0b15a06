-- First and last day from :start_on to :last_day whose points must be computed again; NULL when there is none.
SELECT min(d.day) AS first_day, max(d.day) AS last_day
FROM community.days AS d
WHERE d.day BETWEEN :start_on AND :last_day AND d.is_points_stale
