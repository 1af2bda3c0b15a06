-- The adjustment that was made with key $1.
SELECT a.user_id::text AS user_id, a.kind, a.amount, a.adjusted_at
FROM betting.bankroll_adjustments AS a
WHERE a.adjustment_key = $1
