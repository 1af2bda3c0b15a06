-- The last week for which every bankroll was reset, NULL before the first reset; the week in which the ledger
-- begins, NULL while it is empty.
SELECT
    (SELECT max(w.week_start) FROM betting.reset_weeks AS w) AS last_reset,
    (
        SELECT date_trunc('week', e.effective_at AT TIME ZONE 'UTC')::date FROM betting.bankroll_ledger AS e
        ORDER BY e.entry_id
        LIMIT 1
    ) AS ledger_begins
