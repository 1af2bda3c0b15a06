-- The monitor has a check-in of this execution, so of those before none is sent any more.
UPDATE operations.jobs SET checked_in_execution_id = greatest(checked_in_execution_id, :execution_id)
WHERE job_name = :job_name
