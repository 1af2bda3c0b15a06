-- Last success of every watched job, and its failures since. No parameters.
WITH successes AS (
    SELECT e.job_name, max(e.executed_at) AS last_success_at
    FROM operations.job_executions AS e
    WHERE e.success
    GROUP BY e.job_name
),

failures AS (
    SELECT
        e.job_name,
        count(*) AS failures,
        (array_agg(e.message ORDER BY e.executed_at DESC))[1] AS last_message
    FROM operations.job_executions AS e
    LEFT JOIN successes AS s ON e.job_name = s.job_name
    WHERE e.state = 'failed' AND (s.job_name IS NULL OR e.executed_at > s.last_success_at)
    GROUP BY e.job_name
)

SELECT
    j.job_name,
    j.first_seen_at,
    s.last_success_at,
    coalesce(f.failures, 0) AS failures,
    f.last_message
FROM operations.jobs AS j
LEFT JOIN successes AS s ON j.job_name = s.job_name
LEFT JOIN failures AS f ON j.job_name = f.job_name
ORDER BY j.job_name
