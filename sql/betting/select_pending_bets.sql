-- Pending bets of :game_id with everything they are graded and claimed by. One that stands as settled in the ledger
-- was made pending by hand.
SELECT
    b.id AS bet_id,
    b.user_id,
    b.game_id,
    b.bet_type,
    b.bet_details::text AS bet_details,
    b.bet_details ->> 'team' AS team,
    b.bet_details ->> 'line' AS line,
    b.bet_details ->> 'total_type' AS total_type,
    b.stake,
    b.odds,
    b.potential_win,
    b.is_tail,
    b.is_fade,
    b.original_pick_id,
    b.created_at,
    b.status AS old_status,
    b.payout AS old_payout,
    b.net AS old_net,
    g.status AS game_status,
    g.home_team,
    g.away_team,
    g.home_score,
    g.away_score,
    g.commence_time,
    g.completed_at,
    k.user_id IS NOT NULL AS has_bankroll,
    (
        SELECT count(*) FROM betting.bankroll_ledger AS e
        WHERE e.bet_id = b.id AND e.kind = 'bet_settled' AND e.source_key IS NULL
    ) + (
        SELECT coalesce(sum(CASE e.kind WHEN 'bet_settled' THEN 1 ELSE -1 END), 0) FROM betting.bankroll_ledger AS e
        WHERE e.bet_id = b.id AND e.source_key IS NOT NULL
    ) > 0 AS is_settled
FROM betting.bets AS b
INNER JOIN betting.games AS g ON b.game_id = g.id
LEFT JOIN betting.bankrolls AS k ON b.user_id = k.user_id
WHERE b.game_id = :game_id AND b.status = 'pending'
