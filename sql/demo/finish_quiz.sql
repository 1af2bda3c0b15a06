-- The last answer of a session, if its time is not up.
WITH finished AS (
    UPDATE quiz.quiz_sessions AS s SET status = 'completed', score = :score, completed_at = :at
    WHERE s.id = :session_id AND s.status = 'active' AND s.expires_at > :at
    RETURNING s.id, s.user_id
),

earned AS (
    INSERT INTO quiz.xp_events (user_id, amount, earned_at, source, session_id)
    SELECT f.user_id, :score, :at, 'quiz', f.id FROM finished AS f
),

counted AS (
    SELECT
        p.user_id,
        -- The first quiz of a day counts.
        p.current_streak + CASE
            WHEN p.current_streak > 0 AND p.last_quiz_at >= date_trunc('day', :at) THEN 0
            ELSE 1
        END AS current_streak
    FROM quiz.player_progress AS p
    INNER JOIN finished AS f ON p.user_id = f.user_id
)

UPDATE quiz.player_progress AS p SET
    xp = p.xp + :score,
    current_streak = c.current_streak,
    longest_streak = greatest(p.longest_streak, c.current_streak),
    last_quiz_at = :at,
    last_xp_at = :at,
    updated_at = :at
FROM counted AS c
WHERE p.user_id = c.user_id
