-- What was settled of a unit's games now is added to what was before.
WITH unit_games AS (
    SELECT u.game_no, count(*) AS bets
    FROM unit_bets AS u
    GROUP BY u.game_no
)

INSERT INTO betting.game_settlements AS s (
    game_id, status, home_score, away_score, bets, won, lost, push, cancelled, staked, net, left_pending, settled_at, run_id
)
SELECT
    r.game_id,
    r.game_status,
    r.home_score,
    r.away_score,
    count(*) AS bets,
    count(*) FILTER (WHERE r.outcome = 'won') AS won,
    count(*) FILTER (WHERE r.outcome = 'lost') AS lost,
    count(*) FILTER (WHERE r.outcome = 'push') AS push,
    count(*) FILTER (WHERE r.outcome = 'cancelled') AS cancelled,
    sum(r.stake) AS staked,
    sum(r.net) AS net,
    min(g.bets) - count(*) AS left_pending,
    :as_of,
    :run_id
FROM unit_results AS r
INNER JOIN unit_games AS g ON r.game_no = g.game_no
GROUP BY r.game_id, r.game_status, r.home_score, r.away_score
ON CONFLICT (game_id) DO UPDATE SET
    bets = s.bets + excluded.bets,
    won = s.won + excluded.won,
    lost = s.lost + excluded.lost,
    push = s.push + excluded.push,
    cancelled = s.cancelled + excluded.cancelled,
    staked = s.staked + excluded.staked,
    net = s.net + excluded.net,
    left_pending = excluded.left_pending,
    run_id = excluded.run_id
