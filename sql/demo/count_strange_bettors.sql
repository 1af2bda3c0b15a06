-- Users of the betting app that the demo did not make.
SELECT count(*) AS strangers
FROM betting.users AS u
WHERE u.username IS NULL OR u.username NOT LIKE 'punter-%'
