-- The newest quarantined sync, unless a newer one has been accepted since.
SELECT
    s.sync_id,
    (SELECT string_agg(f.finding, '; ') FROM jsonb_array_elements_text(s.audit -> 'findings') AS f (finding)) AS findings
FROM community.mee6_syncs AS s
WHERE
    s.status = 'quarantined'
    AND NOT EXISTS (
        SELECT 1 FROM community.mee6_syncs AS a
        WHERE a.status = 'accepted' AND a.sync_id > s.sync_id
    )
ORDER BY s.sync_id DESC
LIMIT 1
