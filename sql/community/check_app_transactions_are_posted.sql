-- Transactions of the app, up to the cursor, that never reached the ledger.
SELECT t.transaction_id, t.member_id, t.points, t.created_at
FROM community.point_transactions AS t
INNER JOIN community.posting_cursors AS c ON c.source = 'point_transactions' AND t.transaction_id <= c.last_id
WHERE
    t.points <> 0
    AND NOT EXISTS (
        SELECT 1 FROM community.point_ledger AS l
        WHERE l.source_key = 'point_transactions:' || t.transaction_id
    )
ORDER BY t.transaction_id
