-- Runs that ended, and with them their tags; those of a backfill that goes on stay.
WITH gone AS (
    DELETE FROM runs AS r
    WHERE
        r.status IN ('SUCCESS', 'FAILURE', 'CANCELED')
        AND r.update_timestamp < :before::timestamptz AT TIME ZONE 'UTC'
        AND NOT EXISTS (
            SELECT 1 FROM bulk_actions AS b
            WHERE
                b.key = r.backfill_id
                AND b.status NOT IN ('COMPLETED', 'COMPLETED_SUCCESS', 'COMPLETED_FAILED', 'FAILED', 'CANCELED')
        )
    RETURNING r.run_id
)

SELECT count(*) AS removed FROM gone
