-- Bets on NFL games that begin from :begins_at up to, not including, :ends_at; who left is not in it.
SELECT b.user_id, b.status
FROM betting.games AS g
INNER JOIN betting.bets AS b ON g.id = b.game_id
WHERE
    g.commence_time >= :begins_at AND g.commence_time < :ends_at AND upper(g.sport) = 'NFL'
    AND NOT EXISTS (
        SELECT 1 FROM betting.users AS u
        WHERE u.id = b.user_id AND u.deleted_at IS NOT NULL
    )
