-- Players of the quiz that the demo did not make.
SELECT count(*) AS strangers
FROM quiz.users AS u
WHERE u.username IS NULL OR u.username NOT LIKE 'player-%'
