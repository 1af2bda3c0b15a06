-- Game $1 was settled again, in round $2: by $4 instead of $3, which changed $5 bets and moved balances by $6.
-- $7: reason, $8: who did it, $9: logical time, $10: run id.
INSERT INTO betting.game_corrections (
    game_id, round, was, is_now, bets, net, reason, corrected_by, corrected_at, run_id
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
