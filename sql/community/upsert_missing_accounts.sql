-- Who was looked for in vain. $1: sync_id.
INSERT INTO community.missing_accounts (discord_id, searched_sync_id)
SELECT s.discord_id, $1
FROM staged_missing AS s
ORDER BY s.discord_id
ON CONFLICT (discord_id) DO UPDATE SET searched_sync_id = excluded.searched_sync_id
