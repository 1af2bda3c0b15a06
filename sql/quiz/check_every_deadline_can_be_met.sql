-- A life that is lost comes back at some time: not at the end or the beginning of all times.
SELECT l.user_id, l.next_regen_at::text AS next_regen_at
FROM quiz.lives AS l
WHERE l.current_lives < l.max_lives AND NOT isfinite(l.next_regen_at)
ORDER BY l.user_id
