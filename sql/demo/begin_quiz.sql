-- Begin a quiz, which costs a life. $1: player, $2: session, $3: when. Nothing without a life.
WITH spent AS (
    UPDATE quiz.lives AS l SET
        current_lives = l.current_lives - 1,
        next_regen_at = coalesce(l.next_regen_at, $3 + interval '30 minutes'),
        updated_at = $3
    WHERE l.user_id = $1::uuid AND l.current_lives > 0
    RETURNING l.user_id
)

INSERT INTO quiz.quiz_sessions (id, user_id, started_at, expires_at)
SELECT $2::uuid, s.user_id, $3, $3 + interval '10 minutes'
FROM spent AS s
