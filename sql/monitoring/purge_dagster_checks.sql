-- Verdicts of runs that are gone; the newest of each check and partition stays, and beside one that is only
-- planned the newest that came to an end.
WITH newest AS (
    SELECT max(c.id) AS id FROM asset_check_executions AS c
    GROUP BY c.asset_key, c.check_name, c.partition, c.execution_status = 'PLANNED'
),

gone AS (
    DELETE FROM asset_check_executions AS c
    WHERE
        c.evaluation_event_timestamp < :before::timestamptz AT TIME ZONE 'UTC'
        AND NOT EXISTS (
            SELECT 1 FROM runs AS r
            WHERE r.run_id = c.run_id
        )
        AND NOT EXISTS (
            SELECT 1 FROM newest AS n
            WHERE n.id = c.id
        )
    RETURNING c.id
)

SELECT count(*) AS removed FROM gone
