-- $1: Monday, $2: run id.
INSERT INTO betting.reset_weeks (week_start, bankrolls, run_id)
SELECT $1, count(*), $2
FROM betting.bankroll_ledger AS e
WHERE e.kind = 'weekly_reset' AND e.week_start = $1
