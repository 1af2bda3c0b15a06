-- $1: job, $2: execution the monitor was told of.
UPDATE operations.jobs SET checked_in_execution_id = greatest(checked_in_execution_id, $2)
WHERE job_name = $1
