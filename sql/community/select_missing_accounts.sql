-- Accounts that were looked for in vain after :after_sync_id.
SELECT m.discord_id
FROM community.missing_accounts AS m
WHERE m.searched_sync_id > :after_sync_id
