-- What the runs of each job took since :since.
SELECT
    e.job_name,
    count(*) AS runs,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY e.duration_ms / 1000.0::double precision) AS median_seconds,
    max(e.duration_ms / 1000.0::double precision) AS longest_seconds,
    sum(e.duration_ms / 1000.0::double precision) AS busy_seconds,
    extract(EPOCH FROM clock_timestamp() - min(min(e.executed_at)) OVER ())::double precision AS known_seconds
FROM operations.job_executions AS e
WHERE e.state <> 'running' AND e.executed_at >= :since
GROUP BY e.job_name
ORDER BY e.job_name
