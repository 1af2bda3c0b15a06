-- Pending bets that settlement has seen and left, and those that wait in vain for a game: it says why.
WITH last_run AS (
    SELECT max(e.as_of) AS as_of FROM operations.job_executions AS e
    WHERE e.job_name = 'game_settlement' AND e.success
)

SELECT
    b.id AS bet_id, b.game_id, g.completed_at,
    CASE
        WHEN g.id IS NULL THEN 'the game is unknown'
        WHEN g.status = 'completed' AND (g.home_score IS NULL OR g.away_score IS NULL) THEN 'the game has no score'
        WHEN g.status IN ('completed', 'cancelled') THEN 'the bet cannot be settled; the last settlement says why'
        ELSE 'the game is ' || g.status || ' a day after it was to begin'
    END AS problem
FROM betting.bets AS b
LEFT JOIN betting.games AS g ON b.game_id = g.id
CROSS JOIN last_run AS r
WHERE
    b.status = 'pending'
    AND CASE
        WHEN g.id IS NULL THEN b.created_at <= r.as_of - interval '1 day'
        WHEN g.status IN ('completed', 'cancelled') THEN coalesce(g.completed_at, g.commence_time) <= r.as_of - interval '1 hour'
        ELSE g.commence_time <= r.as_of - interval '1 day'
    END
ORDER BY b.id
