-- Who posted from :begins_at up to, not including, :ends_at; a post that expired meanwhile was posted all the
-- same, who left is not in it.
SELECT DISTINCT p.user_id
FROM betting.posts AS p
WHERE
    p.created_at >= :begins_at AND p.created_at < :ends_at
    AND NOT EXISTS (
        SELECT 1 FROM betting.users AS u
        WHERE u.id = p.user_id AND u.deleted_at IS NOT NULL
    )
