-- Events of runs that are gone, and their tags. What Dagster knows of assets stays: the newest event of each
-- asset, kind and partition, and those of the verdicts that are kept.
WITH newest AS (
    SELECT max(e.id) AS id FROM event_logs AS e
    WHERE e.asset_key IS NOT NULL
    GROUP BY e.asset_key, e.dagster_event_type, e.partition
    UNION
    SELECT c.evaluation_event_storage_id AS id FROM asset_check_executions AS c
),

gone AS (
    DELETE FROM event_logs AS e
    WHERE
        e.timestamp < :before::timestamptz AT TIME ZONE 'UTC'
        AND NOT EXISTS (
            SELECT 1 FROM runs AS r
            WHERE r.run_id = e.run_id
        )
        AND NOT EXISTS (
            SELECT 1 FROM newest AS n
            WHERE n.id = e.id
        )
    RETURNING e.id
),

tags AS (
    DELETE FROM asset_event_tags AS t USING gone
    WHERE t.event_id = gone.id
)

SELECT count(*) AS removed FROM gone
