-- When each job last succeeded. No parameters.
SELECT
    e.job_name,
    max(e.executed_at) AS last_success_at
FROM operations.job_executions AS e
WHERE e.success
GROUP BY e.job_name
