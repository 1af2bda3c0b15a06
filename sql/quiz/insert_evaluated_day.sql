-- $1: day, $2: run id.
INSERT INTO quiz.evaluated_days (day, protected_count, broken_count, run_id)
SELECT
    $1,
    count(*) FILTER (WHERE e.outcome = 'protected'),
    count(*) FILTER (WHERE e.outcome = 'broken'),
    $2
FROM quiz.streak_evaluations AS e
WHERE e.evaluated_on = $1
