-- Rows about what is gone, or was deleted by :until; those made since then are kept. The oldest :most.
WITH chosen AS (
    SELECT r.message_id, r.user_id
    FROM betting.message_reads AS r
    LEFT JOIN betting.messages AS p ON r.message_id = p.id
    WHERE r.created_at <= :until AND (p.id IS NULL OR p.deleted_at <= :until)
    ORDER BY r.created_at, r.message_id, r.user_id
    LIMIT :most
)

SELECT betting.remove_message_reads((SELECT array_agg(row(c.message_id, c.user_id)::betting.user_key) FROM chosen AS c)) AS removed
