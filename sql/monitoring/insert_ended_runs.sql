-- Runs that ended without writing it down: their process was killed, or never came to its first step. They
-- are dated by their end, which may be long before somebody looked: what succeeded since then did so after.
-- Staged: staged_ended_runs(job_name, run_id, as_of, state, message, executed_by, ended_at)
INSERT INTO operations.job_executions AS e (
    job_name, run_id, as_of, state, success, message, affected_count, duration_ms, details, executed_by, executed_at
)
SELECT
    r.job_name,
    r.run_id,
    r.as_of::timestamptz,
    r.state,
    FALSE,
    r.message,
    0,
    0,
    '{}',
    r.executed_by,
    r.ended_at::timestamptz
FROM staged_ended_runs AS r
ON CONFLICT (job_name, run_id) DO UPDATE SET
    state = 'interrupted',
    message = 'the run was interrupted after: ' || e.message,
    executed_at = excluded.executed_at
WHERE e.state = 'running'
