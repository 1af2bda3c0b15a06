-- Blocks by MEE6 that are long over.
WITH gone AS (
    DELETE FROM community.mee6_blocks AS b
    WHERE b.blocked_until < :before::timestamptz
    RETURNING b.blocked_at
)

SELECT count(*) AS removed FROM gone
