-- Remove for good what was deleted by :until and is not under a report that nobody has looked at; the longest
-- deleted first.
WITH eligible AS MATERIALIZED (
    SELECT 'post' AS content_type, p.id, p.deleted_at FROM betting.posts AS p
    WHERE p.deleted_at <= :until
    UNION ALL
    SELECT 'story', s.id, s.deleted_at FROM betting.stories AS s
    WHERE s.deleted_at <= :until
    UNION ALL
    SELECT 'message', m.id, m.deleted_at FROM betting.messages AS m
    WHERE m.deleted_at <= :until
    UNION ALL
    SELECT 'comment', t.id, t.deleted_at FROM betting.comments AS t
    WHERE t.deleted_at <= :until
),

free AS MATERIALIZED (
    SELECT e.content_type, e.id, e.deleted_at
    FROM eligible AS e
    WHERE NOT EXISTS (
        SELECT 1 FROM betting.reports AS r
        WHERE r.content_type = e.content_type AND r.content_id = e.id AND r.reviewed_at IS NULL
    )
),

chosen AS MATERIALIZED (
    SELECT f.content_type, f.id
    FROM free AS f
    ORDER BY f.deleted_at, f.content_type, f.id
    LIMIT :most
),

posts AS (
    DELETE FROM betting.posts AS p USING chosen AS c
    WHERE c.content_type = 'post' AND p.id = c.id AND p.deleted_at <= :until
    RETURNING p.id
),

stories AS (
    DELETE FROM betting.stories AS s USING chosen AS c
    WHERE c.content_type = 'story' AND s.id = c.id AND s.deleted_at <= :until
    RETURNING s.id
),

messages AS (
    DELETE FROM betting.messages AS m USING chosen AS c
    WHERE c.content_type = 'message' AND m.id = c.id AND m.deleted_at <= :until
    RETURNING m.id
),

comments AS (
    DELETE FROM betting.comments AS t USING chosen AS c
    WHERE c.content_type = 'comment' AND t.id = c.id AND t.deleted_at <= :until
    RETURNING t.id
)

SELECT
    (SELECT count(*) FROM free) AS eligible,
    (SELECT count(*) FROM posts) AS post,
    (SELECT count(*) FROM stories) AS story,
    (SELECT count(*) FROM messages) AS message,
    (SELECT count(*) FROM comments) AS comment
