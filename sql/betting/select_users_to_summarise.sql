-- Users whose bets settled in entries above $1 up to $2, and those whose picks they followed.
WITH settled AS (
    SELECT b.user_id, p.user_id AS author_id
    FROM betting.bankroll_ledger AS e
    INNER JOIN betting.bets AS b ON e.bet_id = b.id
    LEFT JOIN betting.posts AS p ON b.original_pick_id = p.id
    WHERE e.entry_id > $1 AND e.entry_id <= $2 AND e.kind = 'bet_settled'
)

SELECT s.user_id::text AS user_id
FROM settled AS s
UNION
SELECT s.author_id::text
FROM settled AS s
WHERE s.author_id IS NOT NULL
