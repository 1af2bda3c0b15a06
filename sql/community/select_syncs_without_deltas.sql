-- Accepted syncs without deltas, oldest first. All of them where :most is NULL.
SELECT s.sync_id, s.synced_at, s.xp_rate, s.is_rebaseline
FROM community.mee6_syncs AS s
WHERE s.status = 'accepted' AND s.deltas_at IS NULL
ORDER BY s.sync_id
LIMIT :most
