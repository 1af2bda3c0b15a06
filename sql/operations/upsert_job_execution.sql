-- The row of a run grows with its steps, each in the transaction of that step's effects.
INSERT INTO operations.job_executions AS e (
    job_name, run_id, as_of, state, success, message, affected_count, duration_ms, details, executed_by, executed_at
)
VALUES ($1, $2, $3, $4, $4 IS NOT DISTINCT FROM 'succeeded', $5, $6, $7, $8::jsonb, $9, clock_timestamp())
ON CONFLICT (job_name, run_id) DO UPDATE SET
    state = excluded.state,
    success = excluded.success,
    message = excluded.message,
    affected_count = e.affected_count + excluded.affected_count,
    duration_ms = e.duration_ms + excluded.duration_ms,
    details = e.details || excluded.details,
    executed_at = excluded.executed_at
