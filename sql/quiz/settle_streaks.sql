-- Write outcomes of streaks that still are as they were read (optimistic concurrency): who played meanwhile keeps it.
-- Staged: staged_streaks(user_id, current_streak, protections_remaining, last_quiz_at, outcome, protections_left)
WITH changed AS MATERIALIZED (
    SELECT p.user_id
    FROM quiz.judge_streaks(
        (
            SELECT
                array_agg(
                    row(
                        s.user_id, s.current_streak, s.protections_remaining, s.last_quiz_at, s.outcome, s.protections_left
                    )::quiz.streak_judgement
                    ORDER BY s.user_id
                )
            FROM staged_streaks AS s
        ),
        :as_of
    ) AS p
),

judged AS (
    SELECT s.user_id, s.outcome, s.current_streak, s.protections_left, s.last_quiz_at
    FROM staged_streaks AS s
    INNER JOIN changed AS c ON s.user_id = c.user_id
),

noted AS (
    INSERT INTO quiz.streak_evaluations (
        user_id, evaluated_on, outcome, streak_before, protections_left, last_quiz_at, run_id
    )
    SELECT j.user_id, :day, j.outcome, j.current_streak, j.protections_left, j.last_quiz_at, :run_id
    FROM judged AS j
)

SELECT j.user_id, j.outcome, j.current_streak, j.protections_left, j.last_quiz_at
FROM judged AS j
