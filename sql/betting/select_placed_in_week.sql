-- Bets placed from $1 up to, not including, $2.
SELECT b.user_id::text AS user_id, b.status
FROM betting.bets AS b
WHERE b.created_at >= $1 AND b.created_at < $2
