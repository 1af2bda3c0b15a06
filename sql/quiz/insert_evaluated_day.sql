-- A day is judged once; its figures are those of the outcomes on record.
INSERT INTO quiz.evaluated_days (day, protected_count, broken_count, run_id)
SELECT
    :day,
    count(*) FILTER (WHERE e.outcome = 'protected'),
    count(*) FILTER (WHERE e.outcome = 'broken'),
    :run_id
FROM quiz.streak_evaluations AS e
WHERE e.evaluated_on = :day
