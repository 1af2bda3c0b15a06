-- Bets whose entries are not what they say: a decided bet was settled once more than it was reversed, and its
-- entries are its net; a pending one was settled as often as it was reversed, and its entries are nothing. What
-- the app's old job settled before the cut-over has none.
WITH posted AS (
    SELECT
        e.bet_id,
        sum(e.amount)::bigint AS amount,
        count(*) FILTER (WHERE e.kind = 'bet_settled') - count(*) FILTER (WHERE e.kind = 'reversal') AS settled
    FROM betting.bankroll_ledger AS e
    WHERE e.bet_id IS NOT NULL
    GROUP BY e.bet_id
)

SELECT coalesce(b.id, p.bet_id) AS bet_id, b.game_id, b.status, b.net, p.amount, p.settled
FROM betting.bets AS b
FULL JOIN posted AS p ON b.id = p.bet_id
LEFT JOIN operations.cut_overs AS c ON c.domain = 'betting'
WHERE
    b.id IS NULL
    OR (b.status = 'pending' AND (p.settled <> 0 OR p.amount <> 0))
    OR (
        b.status <> 'pending' AND (p.settled IS DISTINCT FROM 1 OR p.amount IS DISTINCT FROM b.net)
        AND (p.bet_id IS NULL AND b.settled_at < c.cut_over_at) IS NOT TRUE
    )
ORDER BY bet_id
