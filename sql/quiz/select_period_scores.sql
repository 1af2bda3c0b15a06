-- Final scores of a period that closes, of what was just counted. $1: board, $2: first day.
SELECT c.member_id, c.score, c.reached_at
FROM quiz.counted_xp AS c
INNER JOIN quiz.users AS u ON c.member_id = u.id::text
WHERE c.board = $1 AND c.period_start = $2 AND c.score > 0 AND u.deleted_at IS NULL
