-- Up to when the made-up users have played; NULL before they began.
SELECT max(p.created_at) AS played_until
FROM betting.posts AS p
