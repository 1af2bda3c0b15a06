-- An adjustment is made once, by its key; :amount is in cents.
INSERT INTO betting.bankroll_adjustments (
    adjustment_key, user_id, kind, amount, reason, adjusted_by, adjusted_at, run_id
)
VALUES (:adjustment_key, :user_id, :kind, :amount, :reason, :executed_by, :as_of, :run_id)
