-- Comments on posts that are gone, or were deleted by :until; those made since then are kept, and those that
-- somebody still has to look at, or whose post is. The oldest :most.
WITH chosen AS (
    SELECT t.id
    FROM betting.comments AS t
    LEFT JOIN betting.posts AS p ON t.post_id = p.id
    WHERE
        t.created_at <= :until AND (p.id IS NULL OR p.deleted_at <= :until)
        AND NOT EXISTS (
            SELECT 1 FROM betting.reports AS r
            WHERE
                r.reviewed_at IS NULL
                AND (r.content_type, r.content_id) IN (('comment', t.id), ('post', t.post_id))
        )
    ORDER BY t.created_at, t.id
    LIMIT :most
)

SELECT betting.remove_comments((SELECT array_agg(c.id ORDER BY c.id) FROM chosen AS c)) AS removed
