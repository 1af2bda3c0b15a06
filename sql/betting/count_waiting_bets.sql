-- Pending bets that wait in vain, by what their game is: for a day at :as_of unknown or not over, or without
-- a score.
SELECT
    CASE
        WHEN g.id IS NULL THEN 'game that is unknown'
        WHEN g.status = 'completed' THEN 'game without a score'
        WHEN g.status = 'postponed' THEN 'postponed game'
        ELSE 'game that is ' || g.status || ' a day after it was to begin'
    END AS game,
    count(*) AS bets
FROM betting.bets AS b
LEFT JOIN betting.games AS g ON b.game_id = g.id
WHERE
    b.status = 'pending'
    AND CASE
        WHEN g.id IS NULL THEN b.created_at <= :as_of - interval '1 day'
        WHEN g.status = 'completed' THEN g.home_score IS NULL OR g.away_score IS NULL
        WHEN g.status = 'cancelled' THEN FALSE
        ELSE g.commence_time <= :as_of - interval '1 day'
    END
GROUP BY 1
ORDER BY 1
