-- Record what became of the bets of a unit, once for each round of a bet, and of its games, once for each correction: in
-- the order of games, a game after its bets.
WITH unit_games AS (
    SELECT u.game_no, count(*) AS bets
    FROM unit_bets AS u
    GROUP BY u.game_no
),

games AS (
    SELECT
        r.game_no,
        r.game_id,
        count(*) AS bets,
        count(*) FILTER (WHERE r.outcome = 'won') AS won,
        count(*) FILTER (WHERE r.outcome = 'lost') AS lost,
        count(*) FILTER (WHERE r.outcome = 'push') AS push,
        count(*) FILTER (WHERE r.outcome = 'cancelled') AS cancelled,
        sum(r.stake) AS staked,
        sum(r.net) AS net
    FROM unit_results AS r
    GROUP BY r.game_no, r.game_id
),

events AS (
    SELECT
        r.game_no,
        'BetSettled' AS event_type,
        r.bet_id || CASE WHEN r.reversals > 0 THEN ':' || r.reversals + 1 ELSE '' END AS happened_to,
        jsonb_build_object(
            'bet_id', r.bet_id, 'user_id', r.user_id, 'game_id', r.game_id, 'outcome', r.outcome, 'stake', r.stake,
            'payout', r.payout, 'net', r.net, 'reason', r.void_reason
        ) AS payload
    FROM unit_results AS r
    UNION ALL
    SELECT
        g.game_no,
        'GameSettled',
        g.game_id || coalesce(
            ':' || (
                SELECT max(c.round) FROM betting.game_corrections AS c
                WHERE c.game_id = g.game_id
            ), ''
        ),
        jsonb_build_object(
            'game_id', g.game_id, 'bets', g.bets, 'won', g.won, 'lost', g.lost, 'push', g.push, 'cancelled', g.cancelled,
            'staked', g.staked, 'net', g.net, 'left_pending', u.bets - g.bets
        )
    FROM games AS g
    INNER JOIN unit_games AS u ON g.game_no = u.game_no
)

INSERT INTO operations.domain_events (epoch, event_type, dedupe_key, payload, occurred_at, run_id)
SELECT (SELECT operations.event_epoch()), e.event_type, e.event_type || ':' || e.happened_to, e.payload, :as_of, :run_id
FROM events AS e
ORDER BY e.game_no, e.event_type, e.happened_to
ON CONFLICT (dedupe_key) DO NOTHING
