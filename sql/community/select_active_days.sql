-- Who was active on which of the days.
SELECT p.member_id, p.day
FROM community.daily_points AS p
WHERE p.day BETWEEN :first_day AND :last_day AND p.is_active
