-- Streaks without a quiz since $1, that were not judged on day $2; the longest pause first. $3: most rows.
SELECT p.user_id::text AS user_id, p.current_streak, p.protections_remaining, p.last_quiz_at
FROM quiz.player_progress AS p
WHERE
    p.current_streak > 0
    AND p.last_quiz_at < $1
    AND isfinite(p.last_quiz_at)
    AND NOT EXISTS (
        SELECT 1 FROM quiz.streak_evaluations AS e
        WHERE e.evaluated_on = $2 AND e.user_id = p.user_id
    )
ORDER BY p.last_quiz_at, p.user_id
LIMIT $3
