-- Ledger entries of the users that are staged.
SELECT e.user_id::text AS user_id, e.effective_at, e.balance_after
FROM betting.bankroll_ledger AS e
INNER JOIN staged_users AS s ON e.user_id = s.user_id::uuid
