-- Up to when the made-up players have played; NULL before they began.
SELECT max(s.started_at) AS played_until
FROM quiz.quiz_sessions AS s
