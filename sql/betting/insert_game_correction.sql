-- A game was settled again, in a :round of its own: by the result that :is_now instead of the one that :was,
-- which changed :bets and moved balances by :net.
INSERT INTO betting.game_corrections (
    game_id, round, was, is_now, bets, net, reason, corrected_by, corrected_at, run_id
)
VALUES (:game_id, :round, :was, :is_now, :bets, :net, :reason, :executed_by, :as_of, :run_id)
