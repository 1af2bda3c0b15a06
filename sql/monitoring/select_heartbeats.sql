-- The newest success or failure of each watched job, unless its heartbeat was sent already. No parameters.
SELECT DISTINCT ON (e.job_name)
    e.job_name,
    e.execution_id,
    e.run_id,
    e.success
FROM operations.job_executions AS e
INNER JOIN operations.jobs AS j ON e.job_name = j.job_name
WHERE e.state IN ('succeeded', 'failed') AND e.execution_id > j.heartbeat_execution_id
ORDER BY e.job_name ASC, e.execution_id DESC
