-- First day on which anybody did anything. $1: nothing before this day counts.
SELECT min(p.day) AS day
FROM community.daily_points AS p
WHERE p.day >= $1
