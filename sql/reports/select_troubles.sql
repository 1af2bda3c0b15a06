-- What needs a look: open incidents, jobs whose latest runs failed, checks that do not hold.
WITH incidents AS (
    SELECT i.kind, i.subject, i.message, i.opened_at FROM operations.incidents AS i
    WHERE i.closed_at IS NULL
),

failing AS (
    SELECT
        e.job_name,
        count(*) AS failures,
        min(e.executed_at) AS since,
        (array_agg(e.message ORDER BY e.executed_at DESC))[1] AS message
    FROM operations.job_executions AS e
    INNER JOIN operations.jobs AS j ON e.job_name = j.job_name
    WHERE
        e.state = 'failed'
        AND NOT EXISTS (
            SELECT 1 FROM operations.job_executions AS s
            WHERE s.job_name = e.job_name AND s.success AND s.executed_at > e.executed_at
        )
    GROUP BY e.job_name
)

SELECT 'incident' AS part, i.subject || ' ' || i.kind AS what, i.message, i.opened_at AS since, FALSE AS is_an_incident
FROM incidents AS i
UNION ALL
SELECT
    'job', f.job_name || ' failed', f.message, f.since,
    f.job_name IN (SELECT i.subject FROM incidents AS i)
FROM failing AS f
UNION ALL
SELECT
    'check', c.table_name || ' ' || replace(c.check_name, '_', ' ') || ' does not hold',
    'To see which rows, and whether it holds again: trc verify', c.since,
    c.table_name || '.' || c.check_name IN (SELECT i.subject FROM incidents AS i)
FROM operations.check_results AS c
WHERE c.has_passed IS FALSE
ORDER BY part DESC, since ASC, what ASC
