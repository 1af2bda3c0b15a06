-- Write what a unit's results are into the ledger, game by game, and move the balances by it. Of one game, what adds
-- comes before what takes. A balance stops at 0: where the losses of a game exceed what is left, an entry writes off
-- the rest. All write-offs of a user so far are how far the running balance without any was ever below 0. An account
-- that has no entry yet is opened before. Users whose balance did not move come back: there must be none.
WITH games AS (
    SELECT
        r.user_id,
        r.game_no,
        r.game_id,
        min(r.decided_at) AS effective_at,
        min(r.balance) AS balance,
        sum(r.net) AS net
    FROM unit_results AS r
    GROUP BY r.user_id, r.game_no, r.game_id
),

running AS (
    SELECT g.*, g.balance + sum(g.net) OVER (PARTITION BY g.user_id ORDER BY g.game_no) AS level
    FROM games AS g
),

lowest AS (
    SELECT r.*, least(0, min(r.level) OVER (PARTITION BY r.user_id ORDER BY r.game_no)) AS low
    FROM running AS r
),

write_offs AS (
    SELECT l.*, lag(l.low, 1, 0::numeric) OVER (PARTITION BY l.user_id ORDER BY l.game_no) - l.low AS missing
    FROM lowest AS l
),

movements AS (
    SELECT
        r.game_no,
        r.game_id,
        r.user_id,
        'bet_settled' AS kind,
        r.net AS amount,
        r.balance,
        r.bet_id,
        r.decided_at AS effective_at,
        CASE WHEN r.reversals > 0 THEN 'settlement:' || r.bet_id || ':' || r.reversals + 1 END AS source_key
    FROM unit_results AS r
    UNION ALL
    SELECT w.game_no, w.game_id, w.user_id, 'write_off', w.missing::bigint, w.balance, NULL, w.effective_at, NULL
    FROM write_offs AS w
    WHERE w.missing > 0
),

entries AS MATERIALIZED (
    SELECT
        m.*,
        (m.balance + sum(m.amount) OVER (
            PARTITION BY m.user_id
            ORDER BY m.game_no ASC, m.amount DESC, m.kind DESC, m.bet_id ASC
            ROWS UNBOUNDED PRECEDING
        ))::bigint AS balance_after
    FROM movements AS m
    UNION ALL
    SELECT
        min(g.game_no), NULL, g.user_id, 'opening', min(g.balance), NULL, NULL, :as_of::timestamptz, NULL, min(g.balance)
    FROM games AS g
    WHERE
        NOT EXISTS (
            SELECT 1 FROM betting.bankroll_ledger AS e
            WHERE e.user_id = g.user_id AND e.kind = 'opening'
        )
    GROUP BY g.user_id
),

posted AS (
    INSERT INTO betting.bankroll_ledger (
        user_id, kind, amount, balance_after, bet_id, game_id, effective_at, source_key, run_id
    )
    SELECT e.user_id, e.kind, e.amount, e.balance_after, e.bet_id, e.game_id, e.effective_at, e.source_key, :run_id
    FROM entries AS e
    ORDER BY e.game_no ASC, e.kind <> 'opening', e.user_id ASC, e.amount DESC, e.kind DESC, e.bet_id ASC
),

moves AS MATERIALIZED (
    SELECT e.user_id, sum(e.amount)::bigint AS amount
    FROM entries AS e
    WHERE e.kind <> 'opening'
    GROUP BY e.user_id
    HAVING sum(e.amount) <> 0
),

moved AS MATERIALIZED (
    SELECT p.user_id
    FROM
        betting.move_balances(
            (SELECT array_agg(row(m.user_id, m.amount)::betting.balance_move ORDER BY m.user_id) FROM moves AS m)
        ) AS p
)

SELECT m.user_id FROM moves AS m
EXCEPT
SELECT d.user_id FROM moved AS d
ORDER BY user_id
