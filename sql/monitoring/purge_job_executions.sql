-- Records of old runs. The last run of each job that succeeded, failed … stays: health goes by it.
WITH latest AS (
    SELECT DISTINCT ON (e.job_name, e.state) e.execution_id
    FROM operations.job_executions AS e
    ORDER BY e.job_name ASC, e.state ASC, e.executed_at DESC, e.execution_id DESC
),

gone AS (
    DELETE FROM operations.job_executions AS e
    WHERE
        e.executed_at < :before::timestamptz
        AND NOT EXISTS (
            SELECT 1 FROM latest AS l
            WHERE l.execution_id = e.execution_id
        )
    RETURNING e.execution_id
)

SELECT count(*) AS removed FROM gone
