-- Runs that were stopped from outside. $1: after then.
SELECT e.run_id
FROM operations.job_executions AS e
WHERE e.state = 'interrupted' AND e.executed_at > $1
