-- Blocks by MEE6 that are long over. $1: none older.
WITH gone AS (
    DELETE FROM community.mee6_blocks AS b
    WHERE b.blocked_until < $1::timestamptz
    RETURNING b.blocked_at
)

SELECT count(*) AS removed FROM gone
