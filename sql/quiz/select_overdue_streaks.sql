-- Streaks whose last quiz was before :before, that were not judged on :day; the longest pause first.
SELECT p.user_id, p.current_streak, p.protections_remaining, p.last_quiz_at
FROM quiz.player_progress AS p
WHERE
    p.current_streak > 0
    AND p.last_quiz_at < :before
    AND isfinite(p.last_quiz_at)
    AND NOT EXISTS (
        SELECT 1 FROM quiz.streak_evaluations AS e
        WHERE e.evaluated_on = :day AND e.user_id = p.user_id
    )
ORDER BY p.last_quiz_at, p.user_id
LIMIT :most
