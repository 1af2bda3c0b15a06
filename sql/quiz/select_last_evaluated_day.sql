-- The last day whose streaks are all judged; NULL before the first.
SELECT max(d.day) AS day
FROM quiz.evaluated_days AS d
