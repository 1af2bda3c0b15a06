-- The adjustment that was made with key :adjustment_key.
SELECT a.user_id, a.kind, a.amount, a.adjusted_at
FROM betting.bankroll_adjustments AS a
WHERE a.adjustment_key = :adjustment_key
