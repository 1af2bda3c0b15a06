-- The heartbeat told of this execution and those before.
UPDATE operations.jobs SET heartbeat_execution_id = greatest(heartbeat_execution_id, :execution_id)
WHERE job_name = :job_name
