-- Periods that need not be closed again.
SELECT p.board, p.period_start
FROM leaderboards.closed_periods AS p
WHERE p.domain = :domain
