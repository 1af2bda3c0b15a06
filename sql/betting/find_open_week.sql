-- Whether the week that ended before Monday $1 was not reset for everybody. Before the first reset: whether
-- anything moved a bankroll in it.
SELECT
    coalesce(
        (SELECT max(w.week_start) < $1 FROM betting.reset_weeks AS w),
        EXISTS (
            SELECT 1 FROM betting.bankroll_ledger AS e
            WHERE e.effective_at < ($1::date)::timestamp AT TIME ZONE 'UTC'
        )
    ) AS is_open
