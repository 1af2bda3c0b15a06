-- Who posted from $1 up to, not including, $2; a post that expired meanwhile was posted all the same.
SELECT DISTINCT p.user_id::text AS user_id
FROM betting.posts AS p
WHERE p.created_at >= $1 AND p.created_at < $2
