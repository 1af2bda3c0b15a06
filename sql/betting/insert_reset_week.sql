-- A week is reset once: how many bankrolls the ledger says were.
INSERT INTO betting.reset_weeks (week_start, bankrolls, run_id)
SELECT :week_start, count(*), :run_id
FROM betting.bankroll_ledger AS e
WHERE e.kind = 'weekly_reset' AND e.week_start = :week_start
