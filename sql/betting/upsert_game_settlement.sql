-- What was settled of :game_id now is added to what was before. :figures is a JSON object, the result they
-- were graded by in it.
INSERT INTO betting.game_settlements AS s (
    game_id, status, home_score, away_score, bets, won, lost, push, cancelled, staked, net, left_pending, settled_at, run_id
)
SELECT
    :game_id::text, f.status, f.home_score, f.away_score,
    f.bets, f.won, f.lost, f.push, f.cancelled, f.staked, f.net, f.left_pending, :as_of, :run_id
FROM
    jsonb_to_record(:figures::jsonb)
        AS f (
            status text, home_score integer, away_score integer,
            bets integer, won integer, lost integer, push integer, cancelled integer, staked bigint, net bigint, left_pending integer
        )
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
