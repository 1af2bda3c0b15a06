-- Figures of a day that are not what its members have of it, as upsert_counted_days counts them.
SELECT
    c.day,
    c.member_days,
    p.member_days AS counted_member_days,
    c.points,
    p.points AS counted_points
FROM community.counted_days AS c
CROSS JOIN
    LATERAL (
        SELECT
            count(*) FILTER (WHERE m.is_active) AS active_members,
            coalesce(sum(m.points), 0)::bigint AS points,
            coalesce(sum(m.xp_gained), 0)::bigint AS xp_gained,
            count(*) AS member_days
        FROM community.daily_points AS m
        WHERE m.day = c.day
    ) AS p
WHERE (c.active_members, c.points, c.xp_gained, c.member_days) <> (p.active_members, p.points, p.xp_gained, p.member_days)
ORDER BY c.day
