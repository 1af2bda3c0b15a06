-- Who is on the leaderboard and nobody's account becomes a member. The id is made up, and says
-- nothing. An account of a removed member stays away.
-- Staged: staged_players(discord_id, discord_username)
INSERT INTO community.members (member_id, discord_id, discord_username, subscription_status)
SELECT gen_random_uuid()::text, s.discord_id, s.discord_username, 'ACTIVE'
FROM staged_players AS s
WHERE
    NOT EXISTS (
        SELECT 1 FROM community.members AS m
        WHERE m.discord_id = s.discord_id
    )
    AND NOT EXISTS (
        SELECT 1 FROM community.removed_members AS r
        WHERE r.discord_id = s.discord_id
    )
ON CONFLICT DO NOTHING
RETURNING discord_id, member_id
