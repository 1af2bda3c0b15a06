-- Runs whose end needs no alert: stopped from outside, skipped, or reported already. Only those after :since.
SELECT e.run_id
FROM operations.job_executions AS e
WHERE e.state IN ('interrupted', 'skipped') AND e.executed_at > :since
UNION
SELECT a.tags ->> 'run_id' AS run_id
FROM operations.alerts AS a
WHERE a.dedupe_key LIKE 'run\_failed:%' AND a.created_at > :since
