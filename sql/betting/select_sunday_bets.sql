-- Bets on NFL games that begin from $1 up to, not including, $2.
SELECT b.user_id::text AS user_id, b.status
FROM betting.games AS g
INNER JOIN betting.bets AS b ON g.id = b.game_id
WHERE g.commence_time >= $1 AND g.commence_time < $2 AND upper(g.sport) = 'NFL'
