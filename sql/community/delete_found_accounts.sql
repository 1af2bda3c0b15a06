-- Who is on the board again, or not linked any more, is looked for as anybody else.
DELETE FROM community.missing_accounts AS m
WHERE NOT EXISTS (
    SELECT 1 FROM staged_missing AS s
    WHERE s.discord_id = m.discord_id
)
