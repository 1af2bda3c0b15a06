-- What one run of a job recorded: its figures, for who started it.
SELECT
    e.state,
    e.success,
    e.message,
    e.affected_count,
    e.duration_ms,
    e.details
FROM operations.job_executions AS e
WHERE e.job_name = :job_name AND e.run_id = :run_id
