-- Streaks of which nobody knows when they were last kept up.
SELECT count(*) AS streaks
FROM quiz.player_progress AS p
WHERE p.current_streak > 0 AND (p.last_quiz_at IS NULL OR NOT isfinite(p.last_quiz_at))
