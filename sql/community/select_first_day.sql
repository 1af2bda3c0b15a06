-- First day of which anything is known. $1: nothing before this day counts.
SELECT min(d.day) AS day
FROM community.days AS d
WHERE d.day >= $1
