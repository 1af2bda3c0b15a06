-- A streak of which it is not known when it was last kept up is never judged, so it would stand for ever.
SELECT p.user_id, p.current_streak
FROM quiz.player_progress AS p
WHERE p.current_streak > 0 AND (p.last_quiz_at IS NULL OR NOT isfinite(p.last_quiz_at))
ORDER BY p.user_id
