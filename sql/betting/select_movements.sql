-- What moved the accounts that are staged since each was last reset.
-- Staged: staged_accounts(user_id)
WITH accounts AS (
    SELECT
        k.user_id,
        coalesce(k.weekly_reset_at, '-infinity') AS since,
        -- Nothing moves an account before there is one: the entries of older weeks are not read.
        coalesce(k.weekly_reset_at, u.created_at, '-infinity') AS first_entry_since
    FROM staged_accounts AS s
    INNER JOIN betting.bankrolls AS k ON s.user_id = k.user_id
    LEFT JOIN betting.users AS u ON k.user_id = u.id
)

SELECT
    e.entry_id,
    e.user_id,
    e.kind,
    e.amount,
    e.run_id,
    e.game_id,
    coalesce(e.corrects_entry_id, e.entry_id) AS chain_id,
    e.effective_at
FROM accounts AS a
INNER JOIN betting.bankroll_ledger AS e ON a.user_id = e.user_id AND a.since <= e.effective_at
WHERE
    e.kind NOT IN ('opening', 'weekly_reset', 'restoration')
    AND e.effective_at >= (SELECT min(m.first_entry_since) FROM accounts AS m)
ORDER BY e.entry_id
