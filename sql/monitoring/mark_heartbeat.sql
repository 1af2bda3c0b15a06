-- A heartbeat of this execution was sent, so of those before none is sent any more.
UPDATE operations.jobs SET heartbeat_execution_id = greatest(heartbeat_execution_id, :execution_id)
WHERE job_name = :job_name
