-- The newest success or failure of each job by its schedule, unless the monitor has it already.
SELECT DISTINCT ON (e.job_name)
    e.job_name,
    e.execution_id,
    e.success,
    e.duration_ms
FROM operations.job_executions AS e
INNER JOIN operations.jobs AS j ON e.job_name = j.job_name
WHERE
    e.executed_at > :since AND e.state IN ('succeeded', 'failed')
    AND e.executed_by = e.job_name || '_schedule' AND e.execution_id > j.checked_in_execution_id
ORDER BY e.job_name ASC, e.execution_id DESC
