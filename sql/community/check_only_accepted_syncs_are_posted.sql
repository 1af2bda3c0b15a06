-- Syncs that something was derived from though nobody accepted them.
SELECT d.sync_id, min(s.status) AS status
FROM (
    SELECT x.sync_id FROM community.xp_deltas AS x
    UNION
    SELECT l.sync_id FROM community.point_ledger AS l
    WHERE l.sync_id IS NOT NULL
) AS d
LEFT JOIN community.mee6_syncs AS s ON d.sync_id = s.sync_id
WHERE s.status IS DISTINCT FROM 'accepted'
GROUP BY d.sync_id
ORDER BY d.sync_id
