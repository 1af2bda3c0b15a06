-- Games that are over by :as_of and have pending bets, the earliest first; how many; why one cannot be settled.
WITH open_games AS (
    SELECT b.game_id, count(*) AS bets
    FROM betting.bets AS b
    WHERE b.status = 'pending'
    GROUP BY b.game_id
)

SELECT
    g.id AS game_id,
    o.bets,
    CASE
        WHEN g.status = 'completed' AND (g.home_score IS NULL OR g.away_score IS NULL) THEN 'it has no score'
        WHEN s.game_id IS NULL THEN NULL
        WHEN
            s.status <> g.status
            OR (g.status = 'completed' AND (s.home_score, s.away_score) IS DISTINCT FROM (g.home_score, g.away_score))
            THEN 'its result is not the one by which other bets on it were settled (trc games resettle corrects them)'
    END AS problem
FROM open_games AS o
INNER JOIN betting.games AS g ON o.game_id = g.id
LEFT JOIN betting.game_settlements AS s ON g.id = s.game_id
WHERE g.status = 'cancelled' OR (g.status = 'completed' AND (g.completed_at IS NULL OR g.completed_at <= :as_of))
ORDER BY coalesce(g.completed_at, g.commence_time), g.id
