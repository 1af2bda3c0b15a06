-- Pending bets that settlement has seen and left: it says why.
WITH last_run AS (
    SELECT max(e.as_of) AS as_of FROM operations.job_executions AS e
    WHERE e.job_name = 'game_settlement' AND e.success
)

SELECT b.id::text AS bet_id, b.game_id, g.completed_at
FROM betting.bets AS b
INNER JOIN betting.games AS g ON b.game_id = g.id
CROSS JOIN last_run AS r
WHERE
    b.status = 'pending'
    AND g.status IN ('completed', 'cancelled')
    AND coalesce(g.completed_at, g.commence_time) <= r.as_of - interval '1 hour'
ORDER BY b.id
