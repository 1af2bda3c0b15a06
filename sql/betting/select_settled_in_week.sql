-- Bets settled from :begins_at up to, not including, :ends_at; who left is not in it.
SELECT
    b.user_id, b.id AS bet_id, b.status, b.net, b.is_tail, b.is_fade, b.created_at, b.settled_at
FROM betting.bets AS b
WHERE
    b.settled_at >= :begins_at AND b.settled_at < :ends_at
    AND NOT EXISTS (
        SELECT 1 FROM betting.users AS u
        WHERE u.id = b.user_id AND u.deleted_at IS NOT NULL
    )
