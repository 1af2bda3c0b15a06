-- Notifications from :until or before. The oldest :most.
WITH chosen AS (
    SELECT n.id FROM betting.notifications AS n
    WHERE n.created_at <= :until
    ORDER BY n.created_at, n.id
    LIMIT :most
),

gone AS (
    DELETE FROM betting.notifications AS n USING chosen AS c
    WHERE n.id = c.id
    RETURNING 1
)

SELECT count(*) AS removed FROM gone
