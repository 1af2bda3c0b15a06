-- Settle the bets that are staged, each if it is still pending. What settles after a week was reset belongs
-- to the new one. $1: logical time.
UPDATE betting.bets AS b SET
    status = s.outcome,
    payout = s.payout,
    net = s.net,
    settled_at = greatest($1, k.weekly_reset_at)
FROM staged_outcomes AS s, betting.bankrolls AS k
WHERE b.id = s.bet_id::uuid AND b.status = 'pending' AND b.stake = s.stake AND b.user_id = k.user_id
RETURNING b.id::text AS bet_id, b.settled_at, k.balance
