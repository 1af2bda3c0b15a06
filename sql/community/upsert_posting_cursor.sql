-- The 10,000 newest are looked at again every time: a long transaction of the app may commit late. Counted from
-- the top and not from the last one posted, of those dated up to :now: absurd times must not hide those that
-- come. On :swept_on all rows were looked at.
-- None is the last when there are fewer.
WITH oldest AS (
    SELECT t.created_at, coalesce(t.transaction_id, '') AS transaction_id
    FROM community.point_transactions AS t
    WHERE t.created_at >= '0001-01-01 00:00Z' AND t.created_at <= :now
    ORDER BY t.created_at DESC, t.transaction_id DESC
    LIMIT 1 OFFSET 10000
)

INSERT INTO community.posting_cursors AS c (source, last_at, last_id, swept_on)
SELECT 'point_transactions', max(o.created_at), max(o.transaction_id), :swept_on
FROM oldest AS o
ON CONFLICT (source) DO UPDATE
    SET last_at = excluded.last_at, last_id = excluded.last_id, swept_on = excluded.swept_on
