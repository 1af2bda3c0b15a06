-- Who was looked for in vain.
-- Staged: staged_missing(discord_id)
INSERT INTO community.missing_accounts (discord_id, searched_sync_id)
SELECT s.discord_id, :sync_id
FROM staged_missing AS s
ORDER BY s.discord_id
ON CONFLICT (discord_id) DO UPDATE SET searched_sync_id = excluded.searched_sync_id
