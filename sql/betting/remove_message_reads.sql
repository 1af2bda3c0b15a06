-- Rows about what is gone, or was deleted by :until; those made since then are kept. The oldest :most.
WITH chosen AS (
    SELECT r.message_id, r.user_id
    FROM betting.message_reads AS r
    LEFT JOIN betting.messages AS p ON r.message_id = p.id
    WHERE r.created_at <= :until AND (p.id IS NULL OR p.deleted_at <= :until)
    ORDER BY r.created_at, r.message_id, r.user_id
    LIMIT :most
),

gone AS (
    DELETE FROM betting.message_reads AS r USING chosen AS c
    WHERE r.message_id = c.message_id AND r.user_id = c.user_id
    RETURNING 1
)

SELECT count(*) AS removed FROM gone
