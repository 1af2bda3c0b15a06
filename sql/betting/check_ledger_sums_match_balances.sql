-- Users whose balance is not the sum of their entries, or not what the last entry says. An account without
-- entries is opened when it is first moved.
WITH sums AS (
    SELECT
        e.user_id,
        sum(e.amount)::bigint AS total,
        (array_agg(e.balance_after ORDER BY e.entry_id DESC))[1] AS last_balance
    FROM betting.bankroll_ledger AS e
    GROUP BY e.user_id
)

SELECT s.user_id, k.balance, s.total AS ledger_sum, s.last_balance
FROM sums AS s
LEFT JOIN betting.bankrolls AS k ON s.user_id = k.user_id
WHERE k.balance IS DISTINCT FROM s.total OR s.last_balance <> s.total
ORDER BY s.user_id
