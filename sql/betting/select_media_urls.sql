-- Every reference to a picture or video, once. Rows that are deleted but still there count: they can come back.
-- No key is as long as a picture that an app wrote into the URL itself.
SELECT r.url
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
) AS r
WHERE length(r.url) BETWEEN 1 AND 16384
