-- The 10,000 newest ids are looked at again every time: a long transaction of the app may commit late.
-- Counted from the top and not from the last one posted: one absurd id must not hide those that come. On
-- :swept_on all rows were looked at.
INSERT INTO community.posting_cursors AS c (source, last_id, swept_on)
SELECT
    'point_transactions',
    (
        SELECT t.transaction_id FROM community.point_transactions AS t
        ORDER BY t.transaction_id DESC NULLS LAST
        LIMIT 1 OFFSET 10000
    ),
    :swept_on
ON CONFLICT (source) DO UPDATE SET last_id = excluded.last_id, swept_on = excluded.swept_on
