-- Every text that may refer to a picture or video, once: the columns that are for it, those that hold text or
-- JSON, whatever other columns the app has in these relations, and betting.media_references.
-- Rows that are deleted but still there count: they can come back. A picture that an app wrote into the text
-- itself is left out: it is long, and refers to nothing.
SELECT DISTINCT
    CASE
        WHEN strpos(r.url, ';base64,') > 0 THEN regexp_replace(r.url, ';base64,[A-Za-z0-9+/=]+', '', 'g')
        ELSE r.url
    END AS url
FROM (
    SELECT p.media_url AS url FROM betting.posts AS p
    UNION DISTINCT
    SELECT p.thumbnail_url FROM betting.posts AS p
    UNION DISTINCT
    SELECT s.media_url FROM betting.stories AS s
    UNION DISTINCT
    SELECT s.thumbnail_url FROM betting.stories AS s
    UNION DISTINCT
    SELECT m.media_url FROM betting.messages AS m
    UNION DISTINCT
    SELECT m.thumbnail_url FROM betting.messages AS m
    UNION DISTINCT
    SELECT u.avatar_url FROM betting.users AS u
    UNION DISTINCT
    SELECT c.avatar_url FROM betting.chats AS c
    UNION DISTINCT
    SELECT c.settings::text FROM betting.chats AS c
    UNION DISTINCT
    SELECT t.body FROM betting.comments AS t
    UNION DISTINCT
    SELECT n.data::text FROM betting.notifications AS n
    UNION DISTINCT
    SELECT f.reference FROM betting.media_references AS f
    UNION DISTINCT
    SELECT e.value
    FROM (
        SELECT
            to_jsonb(p) - ARRAY[
                'id', 'user_id', 'post_type', 'bet_id', 'media_url', 'thumbnail_url', 'created_at', 'expires_at',
                'deleted_at', 'deleted_reason'
            ] AS others
        FROM betting.posts AS p
        UNION ALL
        SELECT
            to_jsonb(s) - ARRAY[
                'id', 'user_id', 'media_url', 'thumbnail_url', 'created_at', 'expires_at', 'deleted_at',
                'deleted_reason'
            ]
        FROM betting.stories AS s
        UNION ALL
        SELECT
            to_jsonb(m) - ARRAY[
                'id', 'chat_id', 'user_id', 'media_url', 'thumbnail_url', 'created_at', 'expires_at', 'deleted_at',
                'deleted_reason'
            ]
        FROM betting.messages AS m
        UNION ALL
        SELECT
            to_jsonb(t) - ARRAY['id', 'post_id', 'user_id', 'body', 'created_at', 'deleted_at', 'deleted_reason']
        FROM betting.comments AS t
        UNION ALL
        SELECT to_jsonb(u) - ARRAY['id', 'username', 'referral_count', 'avatar_url', 'created_at', 'deleted_at']
        FROM betting.users AS u
        UNION ALL
        SELECT to_jsonb(c) - ARRAY['id', 'chat_type', 'avatar_url', 'settings'] FROM betting.chats AS c
    ) AS o
    CROSS JOIN LATERAL jsonb_each_text(o.others) AS e
) AS r
WHERE length(r.url) > 0
