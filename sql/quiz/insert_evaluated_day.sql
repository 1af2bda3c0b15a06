-- A day is judged once; its figures are those of the outcomes on record.
-- Streaks that stand and needed no protection went on.
INSERT INTO quiz.evaluated_days (day, protected_count, broken_count, kept_count, run_id)
SELECT
    :day,
    count(*) FILTER (WHERE e.outcome = 'protected'),
    count(*) FILTER (WHERE e.outcome = 'broken'),
    (
        SELECT count(*) FROM quiz.player_progress AS p
        WHERE
            p.current_streak > 0 AND p.last_quiz_at IS NOT NULL
            AND NOT EXISTS (
                SELECT 1 FROM quiz.streak_evaluations AS x
                WHERE x.evaluated_on = :day AND x.user_id = p.user_id
            )
    ),
    :run_id
FROM quiz.streak_evaluations AS e
WHERE e.evaluated_on = :day
