-- Quarantined readings that still wait for a person: none newer has been accepted.
SELECT count(*) AS waiting
FROM community.mee6_syncs AS s
WHERE
    s.status = 'quarantined'
    AND NOT EXISTS (
        SELECT 1 FROM community.mee6_syncs AS a
        WHERE a.status = 'accepted' AND a.sync_id > s.sync_id
    )
