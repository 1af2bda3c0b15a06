-- $1: key, $2: user, $3: kind, $4: cents, $5: reason, $6: who did it, $7: logical time, $8: run id.
INSERT INTO betting.bankroll_adjustments (
    adjustment_key, user_id, kind, amount, reason, adjusted_by, adjusted_at, run_id
)
VALUES ($1, $2::uuid, $3, $4, $5, $6, $7, $8)
