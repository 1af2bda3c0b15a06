-- The bankroll of :user_id, and when what moves it counts.
SELECT k.balance, greatest(:as_of, k.weekly_reset_at) AS effective_at
FROM betting.bankrolls AS k
WHERE k.user_id = :user_id
