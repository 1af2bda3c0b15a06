-- Bets on NFL games that begin from $1 up to, not including, $2; who left is not in it.
SELECT b.user_id::text AS user_id, b.status
FROM betting.games AS g
INNER JOIN betting.bets AS b ON g.id = b.game_id
WHERE
    g.commence_time >= $1 AND g.commence_time < $2 AND upper(g.sport) = 'NFL'
    AND NOT EXISTS (
        SELECT 1 FROM betting.users AS u
        WHERE u.id = b.user_id AND u.deleted_at IS NOT NULL
    )
