-- Bets that wait for games which begin from $1 up to, not including, $2.
SELECT count(*) AS pending
FROM betting.games AS g
INNER JOIN betting.bets AS b ON g.id = b.game_id
WHERE g.commence_time >= $1 AND g.commence_time < $2 AND b.status = 'pending'
