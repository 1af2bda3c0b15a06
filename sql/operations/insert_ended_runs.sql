-- Runs that ended without writing it down: their process was killed, or never came to its first step.
INSERT INTO operations.job_executions AS e (
    job_name, run_id, as_of, state, success, message, affected_count, duration_ms, details, executed_by, executed_at
)
SELECT
    r.job_name,
    r.run_id,
    r.as_of::timestamptz,
    CASE WHEN r.status = 'CANCELED' THEN 'interrupted' ELSE 'failed' END,
    FALSE,
    'the run ended before its first step did',
    0,
    0,
    '{}',
    r.executed_by,
    clock_timestamp()
FROM ended_runs AS r
ON CONFLICT (job_name, run_id) DO UPDATE SET
    state = 'interrupted',
    message = 'the run was interrupted after: ' || e.message,
    executed_at = excluded.executed_at
WHERE e.state = 'running'
