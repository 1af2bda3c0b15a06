-- The row of a run grows with its steps, each in the transaction of that step's effects. It has succeeded
-- once every step is in it, in whatever order they came; what failed once has failed.
-- $4: running, failed or interrupted; $10: schema.table of every step.
WITH so_far AS (
    SELECT e.state, e.message, e.details
    FROM operations.job_executions AS e
    WHERE e.job_name = $1 AND e.run_id = $2
),

now AS (
    SELECT
        CASE
            WHEN s.state = 'failed' THEN s.state
            WHEN $4 = 'running' AND jsonb_exists_all(coalesce(s.details, '{}') || $8::jsonb, $10::text[]) THEN 'succeeded'
            ELSE $4
        END AS state,
        CASE WHEN s.state = 'failed' THEN s.message ELSE $5 END AS message
    FROM (SELECT 1) AS one
    LEFT JOIN so_far AS s ON TRUE
)

INSERT INTO operations.job_executions AS e (
    job_name, run_id, as_of, state, success, message, affected_count, duration_ms, details, executed_by, executed_at
)
SELECT $1, $2, $3, n.state, n.state = 'succeeded', n.message, $6, $7, $8::jsonb, $9, clock_timestamp()
FROM now AS n
ON CONFLICT (job_name, run_id) DO UPDATE SET
    state = excluded.state,
    success = excluded.success,
    message = excluded.message,
    affected_count = e.affected_count + excluded.affected_count,
    duration_ms = e.duration_ms + excluded.duration_ms,
    details = e.details || excluded.details,
    executed_at = excluded.executed_at
