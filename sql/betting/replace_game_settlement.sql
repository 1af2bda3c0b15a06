-- Game :game_id is settled by another result; without any settled bet it is not settled. :figures is a JSON
-- object, the result in it.
WITH f AS (
    SELECT j.*
    FROM
        jsonb_to_record(:figures::jsonb)
            AS j (
                status text, home_score integer, away_score integer,
                bets integer, won integer, lost integer, push integer, cancelled integer,
                staked bigint, net bigint, left_pending integer
            )
),

unsettled AS (
    DELETE FROM betting.game_settlements AS s
    USING f
    WHERE s.game_id = :game_id AND f.bets = 0
)

UPDATE betting.game_settlements AS s SET
    status = f.status,
    home_score = f.home_score,
    away_score = f.away_score,
    bets = f.bets,
    won = f.won,
    lost = f.lost,
    push = f.push,
    cancelled = f.cancelled,
    staked = f.staked,
    net = f.net,
    left_pending = f.left_pending,
    run_id = :run_id
FROM f
WHERE s.game_id = :game_id AND f.bets > 0
