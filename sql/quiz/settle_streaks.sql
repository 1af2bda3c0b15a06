-- Write outcomes where the streak still is as it was read (optimistic concurrency): who played meanwhile keeps it.
-- Staged: staged_streaks(user_id, current_streak, protections_remaining, last_quiz_at, outcome, protections_left)
WITH changed AS (
    UPDATE quiz.player_progress AS p SET
        current_streak = CASE WHEN s.outcome = 'broken' THEN 0 ELSE p.current_streak END,
        protections_remaining = s.protections_left,
        updated_at = greatest(p.updated_at, :as_of)
    FROM staged_streaks AS s
    WHERE
        p.user_id = s.user_id
        AND p.current_streak = s.current_streak
        AND p.protections_remaining = s.protections_remaining
        AND p.last_quiz_at = s.last_quiz_at
    RETURNING p.user_id, s.outcome, s.current_streak, s.protections_left, s.last_quiz_at
),

noted AS (
    INSERT INTO quiz.streak_evaluations (
        user_id, evaluated_on, outcome, streak_before, protections_left, last_quiz_at, run_id
    )
    SELECT c.user_id, :day, c.outcome, c.current_streak, c.protections_left, c.last_quiz_at, :run_id
    FROM changed AS c
)

SELECT c.user_id, c.outcome, c.current_streak, c.protections_left, c.last_quiz_at
FROM changed AS c
