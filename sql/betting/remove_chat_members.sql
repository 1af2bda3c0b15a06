-- Members of chats that are gone, who joined by :until. The oldest :most.
WITH chosen AS (
    SELECT m.chat_id, m.user_id
    FROM betting.chat_members AS m
    LEFT JOIN betting.chats AS c ON m.chat_id = c.id
    WHERE m.joined_at <= :until AND c.id IS NULL
    ORDER BY m.joined_at, m.chat_id, m.user_id
    LIMIT :most
),

gone AS (
    DELETE FROM betting.chat_members AS m USING chosen AS c
    WHERE m.chat_id = c.chat_id AND m.user_id = c.user_id
    RETURNING 1
)

SELECT count(*) AS removed FROM gone
