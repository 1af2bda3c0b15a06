-- Boards as they stand. $1: domain.
SELECT b.board, b.day, b.period_start, b.members, b.computed_at, b.version
FROM leaderboards.boards AS b
WHERE b.domain = $1
ORDER BY b.board
