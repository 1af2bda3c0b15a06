-- How long players waited for a life. The last 90 days.
SELECT w.day, w.median_minutes, w.p90_minutes, w.lives_given, w.players
FROM quiz.life_waits AS w
WHERE w.day > :day::date - 90 AND w.day <= :day::date
ORDER BY w.day
