-- Rows about what is gone, or was deleted by :until; those made since then are kept. The oldest :most.
WITH chosen AS (
    SELECT r.story_id, r.user_id
    FROM betting.story_views AS r
    LEFT JOIN betting.stories AS p ON r.story_id = p.id
    WHERE r.created_at <= :until AND (p.id IS NULL OR p.deleted_at <= :until)
    ORDER BY r.created_at, r.story_id, r.user_id
    LIMIT :most
)

SELECT betting.remove_story_views((SELECT array_agg(row(c.story_id, c.user_id)::betting.user_key) FROM chosen AS c)) AS removed
