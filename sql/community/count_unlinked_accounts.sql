-- Accounts with XP that were linked to a member and are not in a reading. $1: sync_id.
SELECT count(*) AS accounts
FROM community.xp_states AS s
WHERE
    s.xp IS NOT NULL
    AND NOT EXISTS (
        SELECT 1 FROM community.mee6_leaderboard_snapshot AS r
        WHERE r.sync_id = $1 AND r.discord_id = s.discord_id AND r.member_id = s.member_id
    )
