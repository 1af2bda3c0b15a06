-- Syncs whose deltas wait to be posted, oldest first. All of them where :most is NULL.
SELECT s.sync_id
FROM community.mee6_syncs AS s
WHERE s.deltas_at IS NOT NULL AND s.posted_at IS NULL
ORDER BY s.sync_id
LIMIT :most
