-- Who is on the leaderboard again, or not linked any more, is looked for as anybody else.
-- Staged: staged_missing(discord_id)
DELETE FROM community.missing_accounts AS m
WHERE NOT EXISTS (
    SELECT 1 FROM staged_missing AS s
    WHERE s.discord_id = m.discord_id
)
