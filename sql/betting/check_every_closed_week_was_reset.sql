-- Archived weeks without a reset in the ledger, and resets without an archived week.
WITH e AS (
    SELECT l.user_id, l.week_start, l.amount FROM betting.bankroll_ledger AS l
    WHERE l.kind = 'weekly_reset'
)

SELECT
    coalesce(h.user_id, e.user_id) AS user_id, h.week_start AS closed_week, e.week_start AS reset_week,
    h.closing, e.amount
FROM betting.bankroll_weekly_history AS h
FULL JOIN e
    ON h.user_id = e.user_id AND h.week_start = e.week_start - 7
WHERE h.user_id IS NULL OR e.user_id IS NULL
ORDER BY user_id
