-- $1: job, $2: execution that was told.
UPDATE operations.jobs SET heartbeat_execution_id = greatest(heartbeat_execution_id, $2)
WHERE job_name = $1
