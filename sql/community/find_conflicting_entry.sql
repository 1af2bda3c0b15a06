-- A key that is in the ledger with other contents than those staged: never overwritten, never skipped.
-- Staged: staged_entries(account_id, action, points, effective_at, effective_on, source_key, sync_id, metadata)
SELECT s.source_key
FROM staged_entries AS s
INNER JOIN community.point_ledger AS l ON s.source_key = l.source_key
WHERE
    (s.account_id, s.action, s.points, s.effective_at, s.effective_on, s.sync_id)
    IS DISTINCT FROM (l.account_id, l.action, l.points, l.effective_at, l.effective_on, l.sync_id)
ORDER BY s.source_key
LIMIT 1
