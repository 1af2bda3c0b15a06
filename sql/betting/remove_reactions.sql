-- Reactions to what is gone, or was deleted by :until; those made since then are kept. The oldest :most.
WITH chosen AS (
    SELECT r.content_type, r.content_id, r.user_id, r.reaction
    FROM betting.reactions AS r
    LEFT JOIN betting.posts AS p ON r.content_type = 'post' AND r.content_id = p.id
    LEFT JOIN betting.stories AS s ON r.content_type = 'story' AND r.content_id = s.id
    LEFT JOIN betting.messages AS m ON r.content_type = 'message' AND r.content_id = m.id
    LEFT JOIN betting.comments AS t ON r.content_type = 'comment' AND r.content_id = t.id
    WHERE
        r.created_at <= :until
        AND r.content_type IN ('post', 'story', 'message', 'comment')
        AND (
            coalesce(p.id, s.id, m.id, t.id) IS NULL
            OR coalesce(p.deleted_at, s.deleted_at, m.deleted_at, t.deleted_at) <= :until
        )
    ORDER BY r.created_at, r.content_id, r.user_id
    LIMIT :most
)

SELECT
    betting.remove_reactions(
        (
            SELECT array_agg(row(c.content_type, c.content_id, c.user_id, c.reaction)::betting.reaction_key)
            FROM chosen AS c
        )
    ) AS removed
