-- What became of the streaks that were judged, by the day: also of days that were judged before this run.
SELECT
    e.evaluated_on AS day,
    count(*) FILTER (WHERE e.outcome = 'protected') AS streaks_protected,
    count(*) FILTER (WHERE e.outcome = 'broken') AS streaks_broken,
    count(*) AS rows,
    count(*) FILTER (WHERE e.run_id = :run_id) AS rows_written
FROM quiz.streak_evaluations AS e
WHERE e.evaluated_on BETWEEN :first_day AND :last_day
GROUP BY e.evaluated_on
