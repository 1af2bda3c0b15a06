-- Accounts that were looked for in vain after a moment. $1: the moment, as a sync_id.
SELECT m.discord_id
FROM community.missing_accounts AS m
WHERE m.searched_sync_id > $1
