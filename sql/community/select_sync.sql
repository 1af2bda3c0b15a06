-- $1: sync_id.
SELECT s.status, s.audit
FROM community.mee6_syncs AS s
WHERE s.sync_id = $1
