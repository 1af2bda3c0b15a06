-- Awards of the app from before the day on which all were last looked at, neither in the ledger nor set aside.
SELECT t.transaction_id, t.member_id, t.points, t.created_at
FROM community.point_transactions AS t
INNER JOIN community.posting_cursors AS c ON c.source = 'point_transactions' AND t.created_at < c.swept_on
WHERE
    t.points IS DISTINCT FROM 0
    AND NOT EXISTS (
        SELECT 1 FROM community.point_ledger AS l
        WHERE l.source_key = 'point_transactions:' || t.transaction_id
    )
    AND NOT EXISTS (
        SELECT 1 FROM community.rejected_transactions AS r
        WHERE r.transaction_id = coalesce(t.transaction_id, '')
    )
ORDER BY t.transaction_id
