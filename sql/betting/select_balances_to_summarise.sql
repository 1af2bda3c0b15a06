-- Balances of the users that are staged, after each posting: all the entries of a user that one statement wrote.
-- In between a balance is a step of reckoning: before a loss that was written off, or a reversal.
-- Staged: staged_users(user_id)
SELECT DISTINCT ON (e.user_id, e.recorded_at)
    e.user_id, e.effective_at, e.balance_after
FROM betting.bankroll_ledger AS e
INNER JOIN staged_users AS s ON e.user_id = s.user_id
ORDER BY e.user_id ASC, e.recorded_at ASC, e.entry_id DESC
