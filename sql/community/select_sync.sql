-- What became of a sync that was begun before.
SELECT s.status, s.audit
FROM community.mee6_syncs AS s
WHERE s.sync_id = :sync_id
