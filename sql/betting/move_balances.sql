-- Balances move by the entries that are staged, so their sum stays the balance. Users whose balance did not move
-- come back: there must be none.
-- Staged: staged_entries(user_id, amount)
WITH moves AS MATERIALIZED (
    SELECT s.user_id, sum(s.amount)::bigint AS amount
    FROM staged_entries AS s
    GROUP BY s.user_id
    HAVING sum(s.amount) <> 0
),

moved AS MATERIALIZED (
    SELECT p.user_id
    FROM betting.move_balances(
        (SELECT array_agg(row(m.user_id, m.amount)::betting.balance_move ORDER BY m.user_id) FROM moves AS m)
    ) AS p
)

SELECT m.user_id FROM moves AS m
EXCEPT
SELECT d.user_id FROM moved AS d
ORDER BY user_id
