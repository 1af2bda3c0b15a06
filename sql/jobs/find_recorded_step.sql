-- Whether a step of a run is on record, and so committed. :table is schema.table.
SELECT jsonb_exists(e.details, :table) AND NOT jsonb_exists(e.details -> :table, 'error') AS is_recorded
FROM operations.job_executions AS e
WHERE e.job_name = :job_name AND e.run_id = :run_id
