-- Members of chats that are gone, who joined by :until. The oldest :most.
WITH chosen AS (
    SELECT m.chat_id, m.user_id
    FROM betting.chat_members AS m
    LEFT JOIN betting.chats AS c ON m.chat_id = c.id
    WHERE m.joined_at <= :until AND c.id IS NULL
    ORDER BY m.joined_at, m.chat_id, m.user_id
    LIMIT :most
)

SELECT betting.remove_chat_members((SELECT array_agg(row(c.chat_id, c.user_id)::betting.user_key) FROM chosen AS c)) AS removed
