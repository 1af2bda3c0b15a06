-- Whether a step of a run is on record, and so committed. $1: job, $2: run id, $3: schema.table.
SELECT jsonb_exists(e.details, $3) AND NOT jsonb_exists(e.details -> $3, 'error') AS is_recorded
FROM operations.job_executions AS e
WHERE e.job_name = $1 AND e.run_id = $2
