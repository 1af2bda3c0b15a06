-- The message of the latest run of the sync, if MEE6 asked it, or one before it, to stay away (429).
SELECT e.message
FROM (
    SELECT x.message, x.state, x.details -> 'community.mee6_leaderboard_snapshot' AS reading
    FROM operations.job_executions AS x
    WHERE x.job_name = 'mee6_sync' AND x.state <> 'running'
    ORDER BY x.executed_at DESC
    LIMIT 1
) AS e
WHERE
    (e.state = 'failed' AND e.reading ->> 'error' = 'Mee6Blocked')
    OR (e.state = 'skipped' AND e.reading ->> 'status' = 'blocked')
