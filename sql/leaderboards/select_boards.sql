-- Boards as they stand.
SELECT b.board, b.day, b.period_start, b.members, b.computed_at, b.version
FROM leaderboards.boards AS b
WHERE b.domain = :domain
ORDER BY b.board
