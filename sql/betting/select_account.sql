-- The bankroll of user $1, and when what moves it counts. $2: logical time.
SELECT k.balance, greatest($2, k.weekly_reset_at) AS effective_at
FROM betting.bankrolls AS k
WHERE k.user_id = $1::uuid
