-- Every watched job: its last success, and its runs of the last 7 days.
SELECT
    j.job_name,
    max(e.executed_at) FILTER (WHERE e.success) AS last_success_at,
    count(*) FILTER (WHERE e.state <> 'running' AND e.executed_at >= :day::date - 6) AS runs,
    count(*) FILTER (WHERE e.state = 'failed' AND e.executed_at >= :day::date - 6) AS failed,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY e.duration_ms / 1000.0::double precision)
    FILTER (WHERE e.state <> 'running' AND e.executed_at >= :day::date - 6) AS median_seconds
FROM operations.jobs AS j
LEFT JOIN operations.job_executions AS e ON j.job_name = e.job_name
GROUP BY j.job_name
ORDER BY j.job_name
