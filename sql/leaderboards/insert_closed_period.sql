-- $1: domain, $2: board, $3, $4: first day and first day after, $5: label, $6: members, $7: run id.
INSERT INTO leaderboards.closed_periods (domain, board, period_start, period_end, period, members, run_id)
VALUES ($1, $2, $3, $4, $5, $6, $7)
