-- $1: domain.
SELECT p.board, p.period_start
FROM leaderboards.closed_periods AS p
WHERE p.domain = $1
