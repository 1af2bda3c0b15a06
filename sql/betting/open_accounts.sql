-- The ledger of an account begins with the balance the app gave it.
-- Staged: staged_entries(user_id)
INSERT INTO betting.bankroll_ledger (user_id, kind, amount, balance_after, effective_at, run_id)
SELECT k.user_id, 'opening', k.balance, k.balance AS balance_after, :as_of, :run_id
FROM betting.bankrolls AS k
WHERE
    k.user_id IN (SELECT s.user_id FROM staged_entries AS s)
    AND NOT EXISTS (
        SELECT 1 FROM betting.bankroll_ledger AS e
        WHERE e.user_id = k.user_id AND e.kind = 'opening'
    )
ORDER BY k.user_id
