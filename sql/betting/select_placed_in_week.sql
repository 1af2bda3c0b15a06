-- How many bets everybody placed from :begins_at up to, not including, :ends_at, by what became of them; who left is
-- not in it.
SELECT b.user_id, b.status, count(*) AS bets
FROM betting.bets AS b
WHERE
    b.created_at >= :begins_at AND b.created_at < :ends_at
    AND NOT EXISTS (
        SELECT 1 FROM betting.users AS u
        WHERE u.id = b.user_id AND u.deleted_at IS NOT NULL
    )
GROUP BY b.user_id, b.status
