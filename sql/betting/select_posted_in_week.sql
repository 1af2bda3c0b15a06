-- Who posted from $1 up to, not including, $2; a post that expired meanwhile was posted all the same, who left is not in it.
SELECT DISTINCT p.user_id::text AS user_id
FROM betting.posts AS p
WHERE
    p.created_at >= $1 AND p.created_at < $2
    AND NOT EXISTS (
        SELECT 1 FROM betting.users AS u
        WHERE u.id = p.user_id AND u.deleted_at IS NOT NULL
    )
