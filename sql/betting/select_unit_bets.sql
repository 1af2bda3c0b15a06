-- What the bets of a unit are graded by.
SELECT
    b.bet_no,
    b.bet_type,
    b.bet_details ->> 'team' AS team,
    b.bet_details ->> 'line' AS line,
    b.bet_details ->> 'total_type' AS total_type,
    b.stake,
    b.odds,
    b.potential_win,
    b.created_at,
    b.game_status,
    b.home_team,
    b.away_team,
    b.home_score,
    b.away_score,
    b.commence_time,
    b.completed_at,
    b.has_bankroll,
    b.is_settled
FROM unit_bets AS b
