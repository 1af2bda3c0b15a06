-- Bets placed from $1 up to, not including, $2; who left is not in it.
SELECT b.user_id::text AS user_id, b.status
FROM betting.bets AS b
WHERE
    b.created_at >= $1 AND b.created_at < $2
    AND NOT EXISTS (
        SELECT 1 FROM betting.users AS u
        WHERE u.id = b.user_id AND u.deleted_at IS NOT NULL
    )
