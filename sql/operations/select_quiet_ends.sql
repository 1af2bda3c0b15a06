-- Runs whose end is no news: stopped from outside, skipped, or told already. $1: after then.
SELECT e.run_id
FROM operations.job_executions AS e
WHERE e.state IN ('interrupted', 'skipped') AND e.executed_at > $1
UNION
SELECT a.tags ->> 'run_id' AS run_id
FROM operations.alerts AS a
WHERE a.dedupe_key LIKE 'run\_failed:%' AND a.created_at > $1
