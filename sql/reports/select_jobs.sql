-- Every watched job: its last success, and its runs of the last 7 days.
WITH successes AS (
    SELECT e.job_name, max(e.executed_at) AS last_success_at
    FROM operations.job_executions AS e
    WHERE e.success
    GROUP BY e.job_name
),

latest AS (
    SELECT
        e.job_name,
        count(*) AS runs,
        count(*) FILTER (WHERE e.state = 'failed') AS failed,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY e.duration_ms / 1000.0::double precision) AS median_seconds
    FROM operations.job_executions AS e
    WHERE e.state <> 'running' AND e.executed_at >= (:day::date - 6)::timestamp AT TIME ZONE 'UTC'
    GROUP BY e.job_name
)

SELECT coalesce(l.job_name, s.job_name) AS job_name, s.last_success_at, l.runs, l.failed, l.median_seconds
FROM successes AS s
FULL JOIN latest AS l ON s.job_name = l.job_name
