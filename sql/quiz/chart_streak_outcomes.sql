-- What became of the streaks, by the day as which they were judged. The last 30 days.
SELECT s.day, s.kept, s.protected, s.broken
FROM quiz.streak_outcomes AS s
WHERE s.day > :day::date - 30 AND s.day <= :day::date
ORDER BY s.day
