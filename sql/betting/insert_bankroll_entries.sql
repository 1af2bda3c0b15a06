-- Entries in the order in which they are staged.
-- Staged: staged_entries(position, user_id, kind, amount, balance_after, bet_id, game_id, week_start, effective_at,
-- source_key, corrects_entry_id)
INSERT INTO betting.bankroll_ledger (
    user_id, kind, amount, balance_after, bet_id, game_id, week_start, effective_at, source_key, corrects_entry_id, run_id
)
SELECT
    s.user_id, s.kind, s.amount, s.balance_after, s.bet_id, s.game_id, s.week_start, s.effective_at,
    s.source_key, s.corrects_entry_id, :run_id
FROM staged_entries AS s
ORDER BY s.position
