-- $1, $2: first and last day.
SELECT p.member_id, p.day
FROM community.daily_points AS p
WHERE p.day BETWEEN $1 AND $2 AND p.is_active
