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

gone AS MATERIALIZED (
    SELECT p.content_type, p.content_id
    FROM betting.remove_content(
        (
            SELECT
                array_agg(
                    row(c.content_type, c.id, NULL::timestamptz)::betting.content_item
                    ORDER BY c.content_type, c.id
                )
            FROM chosen AS c
        ),
        :until
    ) AS p
)

SELECT
    (SELECT count(*) FROM free) AS eligible,
    count(*) FILTER (WHERE g.content_type = 'post') AS post,
    count(*) FILTER (WHERE g.content_type = 'story') AS story,
    count(*) FILTER (WHERE g.content_type = 'message') AS message,
    count(*) FILTER (WHERE g.content_type = 'comment') AS comment
FROM gone AS g
