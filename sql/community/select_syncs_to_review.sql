-- Syncs that were quarantined at some time. One that is older than an accepted sync is superseded.
WITH newest AS (
    SELECT coalesce(max(a.sync_id), 0) AS sync_id FROM community.mee6_syncs AS a
    WHERE a.status = 'accepted'
)

SELECT
    s.sync_id,
    s.synced_at,
    CASE
        WHEN s.status = 'quarantined' AND s.sync_id < newest.sync_id THEN 'superseded'
        WHEN s.status = 'quarantined' THEN 'waits'
        WHEN s.is_rebaseline THEN 'rebaseline'
        WHEN s.status = 'accepted' THEN 'approved'
        ELSE s.status
    END AS state,
    s.requested_count AS linked_members,
    s.found_count AS present_members,
    s.audit ->> 'findings' AS findings,
    s.review_reason
FROM community.mee6_syncs AS s
CROSS JOIN newest
WHERE s.status IN ('quarantined', 'discarded') OR s.reviewed_at IS NOT NULL
ORDER BY s.sync_id DESC
LIMIT 50
