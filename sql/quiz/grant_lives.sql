-- Give lives to players who still have as many as were read (optimistic concurrency): a quiz that began meanwhile
-- comes first.
-- Staged: staged_lives(user_id, current_lives, max_lives, due_at, lives_added, new_total, next_regen_at,
-- waited_minutes)
WITH changed AS MATERIALIZED (
    SELECT p.user_id
    FROM quiz.grant_lives(
        (
            SELECT
                array_agg(
                    row(
                        s.user_id, s.current_lives, s.max_lives, s.due_at, s.lives_added, s.new_total, s.next_regen_at
                    )::quiz.life_grant
                    ORDER BY s.user_id
                )
            FROM staged_lives AS s
        ),
        :as_of
    ) AS p
),

granted AS (
    SELECT s.user_id, s.lives_added, s.new_total, s.waited_minutes
    FROM staged_lives AS s
    INNER JOIN changed AS c ON s.user_id = c.user_id
),

noted AS (
    INSERT INTO quiz.life_regenerations (user_id, regenerated_at, lives_added, new_total, run_id, waited_minutes)
    SELECT g.user_id, :as_of, g.lives_added, g.new_total, :run_id, g.waited_minutes
    FROM granted AS g
    WHERE g.lives_added > 0
)

SELECT g.user_id, g.lives_added, g.new_total
FROM granted AS g
