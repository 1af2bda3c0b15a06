-- Pending bets of :game_id with everything they are graded and claimed by.
SELECT
    b.id::text AS bet_id,
    b.user_id::text AS user_id,
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
    b.original_pick_id::text AS original_pick_id,
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
    k.user_id IS NOT NULL AS has_bankroll
FROM betting.bets AS b
INNER JOIN betting.games AS g ON b.game_id = g.id
LEFT JOIN betting.bankrolls AS k ON b.user_id = k.user_id
WHERE b.game_id = :game_id AND b.status = 'pending'
