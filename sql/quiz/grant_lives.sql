-- Give lives where they still are as they were read (optimistic concurrency): a quiz that began meanwhile comes
-- first.
-- Staged: staged_lives(user_id, current_lives, max_lives, due_at, lives_added, new_total, next_regen_at)
WITH changed AS (
    UPDATE quiz.lives AS l SET
        current_lives = s.new_total,
        last_regen_at = CASE WHEN s.lives_added > 0 THEN greatest(l.last_regen_at, :as_of) ELSE l.last_regen_at END,
        next_regen_at = s.next_regen_at,
        updated_at = greatest(l.updated_at, :as_of)
    FROM staged_lives AS s
    WHERE
        l.user_id = s.user_id
        AND l.current_lives = s.current_lives
        AND l.max_lives = s.max_lives
        AND l.next_regen_at IS NOT DISTINCT FROM s.due_at
    RETURNING l.user_id, s.lives_added, s.new_total
),

noted AS (
    INSERT INTO quiz.life_regenerations (user_id, regenerated_at, lives_added, new_total, run_id)
    SELECT c.user_id, :as_of, c.lives_added, c.new_total, :run_id
    FROM changed AS c
    WHERE c.lives_added > 0
)

SELECT c.user_id, c.lives_added, c.new_total
FROM changed AS c
