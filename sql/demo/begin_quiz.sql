-- Begin a quiz, which costs a life. Nothing without a life.
WITH spent AS (
    UPDATE quiz.lives AS l SET
        current_lives = l.current_lives - 1,
        next_regen_at = coalesce(l.next_regen_at, :at + interval '30 minutes'),
        updated_at = :at
    WHERE l.user_id = :user_id AND l.current_lives > 0
    RETURNING l.user_id
)

INSERT INTO quiz.quiz_sessions (id, user_id, started_at, expires_at)
SELECT :session_id, s.user_id, :at, :at + interval '10 minutes'
FROM spent AS s
