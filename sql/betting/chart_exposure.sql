-- What is at stake on games whose bets are open: those with most of it.
SELECT
    e.game_id,
    e.potential_payout,
    e.staked,
    e.bets,
    e.starts_at
FROM betting.open_exposure AS e
ORDER BY e.potential_payout DESC NULLS LAST, e.game_id ASC
LIMIT 10
