-- A player joins. $1: id, $2: name, $3: protections, $4: when.
WITH joined AS (
    INSERT INTO quiz.users (id, username, created_at)
    VALUES ($1::uuid, $2, $4)
    ON CONFLICT DO NOTHING
    RETURNING id
),

lives AS (
    INSERT INTO quiz.lives (user_id, updated_at)
    SELECT j.id, $4 FROM joined AS j
)

INSERT INTO quiz.player_progress (user_id, protections_remaining, updated_at)
SELECT j.id, $3, $4 FROM joined AS j
