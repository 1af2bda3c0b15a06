-- One decision at a time.
SELECT
    s.status,
    s.review_reason,
    s.requested_count = 0 OR EXISTS (
        SELECT 1 FROM community.mee6_leaderboard_snapshot AS r
        WHERE r.sync_id = s.sync_id
    ) AS is_kept
FROM community.mee6_syncs AS s
WHERE s.sync_id = :sync_id
FOR UPDATE
