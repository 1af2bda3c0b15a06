-- Notifications from :until or before. The oldest :most.
WITH chosen AS (
    SELECT n.id FROM betting.notifications AS n
    WHERE n.created_at <= :until
    ORDER BY n.created_at, n.id
    LIMIT :most
)

SELECT betting.remove_notifications((SELECT array_agg(c.id ORDER BY c.id) FROM chosen AS c)) AS removed
