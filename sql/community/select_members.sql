-- Who is a member, best first: points, and level and XP as last read of MEE6.
WITH newest AS MATERIALIZED (
    SELECT max(s.sync_id) AS sync_id FROM community.mee6_syncs AS s
    WHERE s.status = 'accepted'
)

SELECT
    m.member_id,
    m.discord_id::text AS discord_id,
    m.discord_username AS name,
    m.subscription_status AS status,
    m.leaderboard_visible AS visible,
    r.level,
    r.xp,
    coalesce(p.total, 0) AS points
FROM community.members AS m
LEFT JOIN community.whole_readings AS r
    ON m.discord_id = r.discord_id AND r.is_present AND r.sync_id = (SELECT n.sync_id FROM newest AS n)
LEFT JOIN community.member_points AS p ON m.member_id = p.member_id
ORDER BY coalesce(p.total, 0) DESC, r.xp DESC NULLS LAST, m.member_id ASC
