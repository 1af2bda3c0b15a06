-- Awards of the app that are not in the ledger, and those that are there otherwise, oldest first. Looked at are
-- those after :last_at and :last_id (NULL: all), those without a time or key, and those set aside,
-- :transaction_ids. All are found by an index, so the cost does not grow with what is posted. A time that no day
-- has is NULL.
WITH looked_at AS (
    SELECT
        t.transaction_id,
        t.member_id,
        t.action,
        t.points,
        CASE
            WHEN t.created_at >= '0001-01-01 00:00Z' AND t.created_at < '9999-12-31 00:00Z' THEN t.created_at
        END AS created_at,
        'point_transactions:' || t.transaction_id AS source_key
    FROM community.point_transactions AS t
    WHERE
        :last_at::timestamptz IS NULL
        OR (t.created_at, t.transaction_id) > (:last_at::timestamptz, :last_id::text)
        OR t.created_at IS NULL
        OR t.transaction_id IS NULL
        OR t.transaction_id = any(:transaction_ids::text[])
)

SELECT
    coalesce(t.transaction_id, '') AS transaction_id,
    t.member_id,
    t.action,
    t.points,
    t.created_at,
    l.entry_id IS NOT NULL AS is_posted
FROM looked_at AS t
LEFT JOIN community.point_ledger AS l ON t.source_key = l.source_key
LEFT JOIN community.accounts AS a ON l.account_id = a.account_id
WHERE
    (l.entry_id IS NULL AND t.points IS DISTINCT FROM 0)
    OR (
        l.entry_id IS NOT NULL
        AND (t.action, t.points, t.created_at, CASE WHEN a.erased_at IS NULL THEN t.member_id END)
        IS DISTINCT FROM (l.action, l.points, l.effective_at, CASE WHEN a.erased_at IS NULL THEN a.member_id END)
    )
ORDER BY t.created_at, t.transaction_id
