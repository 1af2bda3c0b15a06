-- A player joins.
WITH joined AS (
    INSERT INTO quiz.users (id, username, created_at)
    VALUES (:user_id, :username, :at)
    ON CONFLICT DO NOTHING
    RETURNING id
),

lives AS (
    INSERT INTO quiz.lives (user_id, updated_at)
    SELECT j.id, :at FROM joined AS j
)

INSERT INTO quiz.player_progress (user_id, protections_remaining, updated_at)
SELECT j.id, :protections, :at FROM joined AS j
