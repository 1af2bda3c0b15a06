-- Users of the quiz and the betting app that the demo did not make.
WITH strangers AS (
    SELECT u.username
    FROM quiz.users AS u
    WHERE u.username IS NULL OR u.username NOT LIKE 'player-%'
    UNION ALL
    SELECT u.username
    FROM betting.users AS u
    WHERE u.username IS NULL OR u.username NOT LIKE 'punter-%'
)

SELECT count(*) AS strangers FROM strangers
