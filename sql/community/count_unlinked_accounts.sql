-- Accounts with XP that were linked to a member and are not in a reading.
SELECT count(*) AS accounts
FROM community.xp_states AS s
WHERE
    s.xp IS NOT NULL
    AND NOT EXISTS (
        SELECT 1 FROM community.mee6_leaderboard_snapshot AS r
        WHERE r.sync_id = :sync_id AND r.discord_id = s.discord_id AND r.member_id = s.member_id
    )
