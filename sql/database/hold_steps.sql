-- Take the locks of every step of a domain (jobs/lock_step, jobs/lock_session). What comes back was not to be had:
-- tables that a step is writing or preparing, and jobs that are between two steps. A run that died there is
-- waited for a quarter of an hour at most.
SELECT t.name FROM (
    SELECT n.nspname || '.' || c.relname AS name FROM pg_class AS c
    INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
    WHERE n.nspname = :domain AND c.relkind IN ('r', 'p', 'v')
) AS t
WHERE NOT (pg_try_advisory_xact_lock(hashtextextended(t.name, 0)) AND pg_try_advisory_xact_lock(hashtextextended(t.name, 1)))
UNION ALL
SELECT e.job_name FROM operations.job_executions AS e
WHERE
    e.state = 'running' AND e.executed_at > clock_timestamp() - interval '15 minutes'
    AND EXISTS (
        SELECT 1 FROM jsonb_object_keys(e.details) AS k (name)
        WHERE starts_with(k.name, :domain || '.')
    )
ORDER BY 1
