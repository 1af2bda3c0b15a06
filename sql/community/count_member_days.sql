-- Figures of the days from :first_day to :last_day that have any.
SELECT
    p.day,
    count(*) FILTER (WHERE p.is_active) AS active_members,
    sum(p.points)::bigint AS points,
    sum(p.xp_gained)::bigint AS xp_gained,
    count(*) AS rows
FROM community.daily_points AS p
WHERE p.day BETWEEN :first_day AND :last_day
GROUP BY p.day
