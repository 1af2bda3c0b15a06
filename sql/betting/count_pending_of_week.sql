-- Bets that wait for games which begin from :begins_at up to, not including, :ends_at.
SELECT count(*) AS pending
FROM betting.games AS g
INNER JOIN betting.bets AS b ON g.id = b.game_id
WHERE g.commence_time >= :begins_at AND g.commence_time < :ends_at AND b.status = 'pending'
