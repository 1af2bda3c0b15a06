-- A period is closed once; :period is its label, :period_end the first day after it.
INSERT INTO leaderboards.closed_periods (domain, board, period_start, period_end, period, members, run_id)
VALUES (:domain, :board, :period_start, :period_end, :period, :members, :run_id)
