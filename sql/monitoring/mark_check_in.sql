-- The monitor was told of this execution and those before.
UPDATE operations.jobs SET checked_in_execution_id = greatest(checked_in_execution_id, :execution_id)
WHERE job_name = :job_name
