SELECT b.id::text AS bet_id, b.status, b.net, e.amount
FROM betting.bets AS b
FULL JOIN betting.bankroll_ledger AS e ON b.id = e.bet_id
WHERE
    (b.id IS NOT NULL OR e.kind = 'bet_settled')
    AND (b.status IS NULL OR b.status <> 'pending' OR e.entry_id IS NOT NULL)
    AND (b.status IS NULL OR b.status = 'pending' OR e.amount IS DISTINCT FROM b.net)
ORDER BY bet_id
