-- Pending bets on :game_ids, in that order, with everything they are graded, claimed and told by, as unit_bets: most of
-- it never leaves the database. One that stands as settled in the ledger was made pending by hand, and a game that was
-- settled by another result settles no further bet by this one.
CREATE TEMP TABLE unit_bets ON COMMIT DROP AS
SELECT
    (row_number() OVER ())::integer AS bet_no,
    u.game_no::integer AS game_no,
    b.id AS bet_id,
    b.user_id,
    b.game_id,
    b.bet_type,
    b.bet_details,
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
    b.settled_at AS old_settled_at,
    g.status AS game_status,
    g.home_team,
    g.away_team,
    g.home_score,
    g.away_score,
    g.commence_time,
    g.completed_at,
    k.user_id IS NOT NULL AS has_bankroll,
    t.game_id IS NOT NULL AND (
        t.status <> g.status
        OR (g.status <> 'cancelled' AND (t.home_score, t.away_score) IS DISTINCT FROM (g.home_score, g.away_score))
    ) AS has_other_result,
    f.settlements + r.settlements > r.reversals AS is_settled,
    r.reversals
FROM unnest(:game_ids::text[]) WITH ORDINALITY AS u (game_id, game_no)
INNER JOIN betting.games AS g ON u.game_id = g.id
INNER JOIN betting.bets AS b ON g.id = b.game_id AND b.status = 'pending'
LEFT JOIN betting.bankrolls AS k ON b.user_id = k.user_id
LEFT JOIN betting.game_settlements AS t ON g.id = t.game_id
CROSS JOIN
    LATERAL (
        SELECT count(*) AS settlements FROM betting.bankroll_ledger AS e
        WHERE e.bet_id = b.id AND e.kind = 'bet_settled' AND e.source_key IS NULL
    ) AS f
CROSS JOIN LATERAL (
    -- Later rounds, of which there are none without a first.
    SELECT
        count(*) FILTER (WHERE e.kind = 'bet_settled') AS settlements,
        count(*) FILTER (WHERE e.kind = 'reversal') AS reversals
    FROM betting.bankroll_ledger AS e
    WHERE e.bet_id = b.id AND e.source_key IS NOT NULL AND f.settlements > 0
) AS r
