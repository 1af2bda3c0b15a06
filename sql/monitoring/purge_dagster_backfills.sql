-- Backfills that ended and whose runs are gone, and their tags.
WITH gone AS (
    DELETE FROM bulk_actions AS b
    WHERE
        b.status IN ('COMPLETED', 'COMPLETED_SUCCESS', 'COMPLETED_FAILED', 'FAILED', 'CANCELED')
        AND b.timestamp < :before::timestamptz AT TIME ZONE 'UTC'
        AND NOT EXISTS (
            SELECT 1 FROM runs AS r
            WHERE r.backfill_id = b.key
        )
    RETURNING b.key
),

tags AS (
    DELETE FROM backfill_tags AS t USING gone
    WHERE t.backfill_id = gone.key
)

SELECT count(*) AS removed FROM gone
