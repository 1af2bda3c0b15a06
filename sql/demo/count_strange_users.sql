-- Users of the quiz and the betting app that the demo did not make.
SELECT
    (SELECT count(*) FROM quiz.users AS u WHERE u.username IS NULL OR u.username NOT LIKE 'player-%')
    + (SELECT count(*) FROM betting.users AS u WHERE u.username IS NULL OR u.username NOT LIKE 'punter-%') AS strangers
