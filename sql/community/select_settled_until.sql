-- Up to when the board was read: the newest accepted sync.
SELECT s.synced_at AS settled_until
FROM community.mee6_syncs AS s
WHERE s.status = 'accepted'
ORDER BY s.sync_id DESC
LIMIT 1
