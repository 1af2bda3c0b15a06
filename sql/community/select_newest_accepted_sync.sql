SELECT s.sync_id, s.guild_id
FROM community.mee6_syncs AS s
WHERE s.status = 'accepted'
ORDER BY s.sync_id DESC
LIMIT 1
