-- Why MEE6 refused the latest sync, if it did so for good (401, 403, 404).
SELECT e.message AS error
FROM (
    SELECT x.message, x.details FROM operations.job_executions AS x
    WHERE x.job_name = 'mee6_sync'
    ORDER BY x.executed_at DESC
    LIMIT 1
) AS e
WHERE e.details #>> '{community.mee6_leaderboard_snapshot,error}' = 'Mee6AccessError'
