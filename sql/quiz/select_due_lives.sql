-- Lives that are due, and lost ones for which nothing is: the longest overdue first.
SELECT l.user_id, l.current_lives, l.max_lives, l.next_regen_at
FROM quiz.lives AS l
WHERE
    l.current_lives < l.max_lives
    AND (l.next_regen_at IS NULL OR (l.next_regen_at <= :as_of AND isfinite(l.next_regen_at)))
    AND NOT EXISTS (
        SELECT 1 FROM quiz.life_regenerations AS r
        WHERE r.regenerated_at = :as_of AND r.user_id = l.user_id
    )
ORDER BY l.next_regen_at NULLS FIRST, l.user_id
LIMIT :most
