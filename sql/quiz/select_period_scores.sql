-- Final scores of a period that closes, of what was just counted.
SELECT c.member_id, c.score, c.reached_at
FROM quiz.counted_xp AS c
INNER JOIN quiz.users AS u ON c.member_id = u.id
WHERE c.board = :board AND c.period_start = :period_start AND c.score > 0 AND u.deleted_at IS NULL
