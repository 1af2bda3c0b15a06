-- Users whose balance moved by entries above $1 up to $2, and those whose picks they followed.
WITH moved AS (
    SELECT e.user_id, a.user_id AS author_id
    FROM betting.bankroll_ledger AS e
    LEFT JOIN betting.bets AS b ON e.bet_id = b.id
    LEFT JOIN betting.pick_authors AS a ON b.original_pick_id = a.post_id
    WHERE e.entry_id > $1 AND e.entry_id <= $2
)

SELECT m.user_id::text AS user_id
FROM moved AS m
UNION
SELECT m.author_id::text
FROM moved AS m
WHERE m.author_id IS NOT NULL
