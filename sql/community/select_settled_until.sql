-- Up to when everything earned is in the ledger: the newest sync that went through to its end.
SELECT max(e.as_of) AS settled_until
FROM operations.job_executions AS e
WHERE e.job_name = 'mee6_sync' AND e.success
