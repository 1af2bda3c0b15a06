-- Pending bets on games that were over by :until.
SELECT count(*) AS bets
FROM betting.bets AS b
INNER JOIN betting.games AS g ON b.game_id = g.id
WHERE b.status = 'pending' AND g.status IN ('completed', 'cancelled') AND coalesce(g.completed_at, g.commence_time) <= :until
