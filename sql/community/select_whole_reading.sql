-- The whole reading that a sync can be kept as changes of: it is of the same UTC day, whose readings are removed
-- together; what is known of the accounts is what the newest accepted sync left, and nobody decided about that one.
SELECT coalesce(n.whole_sync_id, n.sync_id) AS whole_sync_id
FROM (
    SELECT s.sync_id, s.whole_sync_id, s.reviewed_at FROM community.mee6_syncs AS s
    WHERE s.status = 'accepted'
    ORDER BY s.sync_id DESC
    LIMIT 1
) AS n
WHERE
    n.reviewed_at IS NULL
    AND coalesce(n.whole_sync_id, n.sync_id) / 86400 = :sync_id::bigint / 86400
    AND n.sync_id < :sync_id::bigint
    AND NOT EXISTS (
        SELECT 1 FROM community.mee6_syncs AS w
        WHERE w.status = 'accepted' AND w.deltas_at IS NULL
    )
