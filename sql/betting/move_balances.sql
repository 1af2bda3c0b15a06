-- Balances move by the entries that are staged, so their sum stays the balance.
-- Staged: staged_entries(user_id, amount)
WITH moved AS (
    SELECT s.user_id, sum(s.amount)::bigint AS amount
    FROM staged_entries AS s
    GROUP BY s.user_id
)

UPDATE betting.bankrolls AS k SET balance = k.balance + m.amount
FROM moved AS m
WHERE k.user_id = m.user_id AND m.amount <> 0
