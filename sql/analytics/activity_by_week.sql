-- Active members, XP and points per ISO week.
SELECT
    to_char(p.day, 'IYYY-"W"IW') AS week,
    count(DISTINCT p.member_id) FILTER (WHERE p.is_active) AS active_members,
    sum(p.xp_gained) AS xp_gained,
    sum(p.points) AS points
FROM community.daily_points AS p
GROUP BY to_char(p.day, 'IYYY-"W"IW')
ORDER BY week
