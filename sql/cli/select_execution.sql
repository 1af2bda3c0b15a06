-- What one run of a job left behind. $1: job, $2: run id.
SELECT
    e.state,
    e.success,
    e.message,
    e.affected_count,
    e.duration_ms,
    e.details
FROM operations.job_executions AS e
WHERE e.job_name = $1 AND e.run_id = $2
