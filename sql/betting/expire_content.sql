-- Hide what has expired, the longest overdue first. Optimistic concurrency: what the app deletes or extends
-- meanwhile is as the app says. A pick lives until three hours after its game began, whatever its own deadline.
-- Bets are left alone.
WITH due AS MATERIALIZED (
    SELECT
        'post' AS content_type,
        p.id,
        p.expires_at,
        CASE
            WHEN p.post_type = 'pick' AND g.id IS NOT NULL THEN g.commence_time + interval '3 hours'
            ELSE coalesce(p.expires_at, p.created_at + interval '24 hours')
        END AS due_at
    FROM betting.posts AS p
    LEFT JOIN betting.bets AS b ON p.post_type = 'pick' AND p.bet_id = b.id
    LEFT JOIN betting.games AS g ON b.game_id = g.id
    WHERE p.deleted_at IS NULL
    UNION ALL
    SELECT 'story', s.id, s.expires_at, coalesce(s.expires_at, s.created_at + interval '24 hours')
    FROM betting.stories AS s
    WHERE s.deleted_at IS NULL
    UNION ALL
    SELECT
        'message', m.id, m.expires_at,
        coalesce(
            m.expires_at,
            m.created_at + interval '1 hour' * CASE c.settings ->> 'expiration_hours'
                WHEN '1' THEN 1
                WHEN '168' THEN 168
                ELSE 24
            END
        )
    FROM betting.messages AS m
    LEFT JOIN betting.chats AS c ON m.chat_id = c.id
    WHERE m.deleted_at IS NULL
),

eligible AS MATERIALIZED (
    SELECT d.content_type, d.id, d.expires_at, d.due_at FROM due AS d
    WHERE d.due_at <= :as_of
),

chosen AS MATERIALIZED (
    SELECT e.content_type, e.id, e.expires_at
    FROM eligible AS e
    ORDER BY e.due_at, e.content_type, e.id
    LIMIT :most
),

hidden AS MATERIALIZED (
    SELECT p.content_type, p.content_id
    FROM betting.expire_content(
        (
            SELECT
                array_agg(
                    row(c.content_type, c.id, c.expires_at)::betting.content_item
                    ORDER BY c.content_type, c.id
                )
            FROM chosen AS c
        ),
        :as_of
    ) AS p
)

SELECT
    (SELECT count(*) FROM eligible) AS eligible,
    count(*) FILTER (WHERE h.content_type = 'post') AS post,
    count(*) FILTER (WHERE h.content_type = 'story') AS story,
    count(*) FILTER (WHERE h.content_type = 'message') AS message,
    count(*) FILTER (WHERE h.content_type = 'comment') AS comment
FROM hidden AS h
