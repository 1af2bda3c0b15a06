-- The newest sync that counts: up to when the MEE6 leaderboard is known, and whose it is.
SELECT s.sync_id, s.synced_at, s.guild_id
FROM community.mee6_syncs AS s
WHERE s.status = 'accepted'
ORDER BY s.sync_id DESC
LIMIT 1
