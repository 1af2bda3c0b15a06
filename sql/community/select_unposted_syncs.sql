-- Syncs whose deltas wait to be posted, oldest first. $1: at most so many (NULL: all).
SELECT s.sync_id
FROM community.mee6_syncs AS s
WHERE s.deltas_at IS NOT NULL AND s.posted_at IS NULL
ORDER BY s.sync_id
LIMIT $1
