-- When the oldest of what is known and not posted was earned; NULL when nothing waits. A reading waits until
-- its deltas are posted, a quarantined one until a person decides or a newer one is accepted. It belongs to
-- what came before it. Awards that are set aside wait for nobody.
SELECT least(
    (
        SELECT min(s.synced_at) - interval '1 microsecond' FROM community.mee6_syncs AS s
        WHERE
            (s.status = 'accepted' AND s.posted_at IS NULL)
            OR (
                s.status = 'quarantined'
                AND NOT EXISTS (
                    SELECT 1 FROM community.mee6_syncs AS a
                    WHERE a.status = 'accepted' AND a.sync_id > s.sync_id
                )
            )
    ),
    (
        SELECT min(t.created_at) FROM community.point_transactions AS t
        WHERE
            t.points <> 0
            AND t.created_at >= '0001-01-01 00:00Z' AND t.created_at < '9999-12-31 00:00Z'
            AND NOT EXISTS (
                SELECT 1 FROM community.point_ledger AS l
                WHERE l.source_key = 'point_transactions:' || t.transaction_id
            )
            AND NOT EXISTS (
                SELECT 1 FROM community.rejected_transactions AS r
                WHERE r.transaction_id = coalesce(t.transaction_id, '')
            )
    )
) AS pending_since
