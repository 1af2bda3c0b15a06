-- Transactions of the app that are not in the ledger. Ids increase, but a long transaction of the
-- app may commit late: so the last 10,000 ids before the cursor are looked at again.
-- $1: at most so many (NULL: all).
SELECT t.transaction_id, t.member_id, t.action, t.points, t.created_at, coalesce(t.metadata, '{}')::text AS metadata
FROM community.point_transactions AS t
WHERE
    t.transaction_id > coalesce(
        (
            SELECT c.last_id - 10000 FROM community.posting_cursors AS c
            WHERE c.source = 'point_transactions'
        ), 0
    )
    AND t.points <> 0
    -- A row nobody can post must not hold up the others; app_transactions_are_posted names it.
    AND isfinite(t.created_at)
    AND t.member_id IS NOT NULL
    AND t.action IS NOT NULL
    AND NOT EXISTS (
        SELECT 1 FROM community.point_ledger AS l
        WHERE l.source_key = 'point_transactions:' || t.transaction_id
    )
ORDER BY t.transaction_id
LIMIT $1
