-- Notifications from $1 or before. $2: most rows, the oldest.
WITH chosen AS (
    SELECT n.id FROM betting.notifications AS n
    WHERE n.created_at <= $1
    ORDER BY n.created_at, n.id
    LIMIT $2
),

gone AS (
    DELETE FROM betting.notifications AS n USING chosen AS c
    WHERE n.id = c.id
    RETURNING 1
)

SELECT count(*) AS removed FROM gone
