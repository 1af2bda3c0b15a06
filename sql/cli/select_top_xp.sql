-- The best by XP as last read of MEE6, among those who may be on boards: what there is to show before anybody has
-- points.
SELECT
    row_number() OVER (ORDER BY r.xp DESC, m.member_id ASC) AS rank,
    m.discord_username AS name,
    r.level,
    r.xp
FROM community.whole_readings AS r
INNER JOIN community.members AS m ON r.member_id = m.member_id
WHERE
    r.sync_id = (
        SELECT max(s.sync_id) FROM community.mee6_syncs AS s
        WHERE s.status = 'accepted'
    )
    AND r.is_present AND m.subscription_status IN ('ACTIVE', 'TRIALING') AND m.leaderboard_visible
ORDER BY r.xp DESC, m.member_id ASC
LIMIT :most
