-- Bets of :game_id that were settled, whatever the bets themselves say now, with everything they are graded and
-- claimed by, and where that stands in the ledger: what it moved, the first entry, whether its week is still open.
WITH entries AS (
    SELECT e.entry_id, e.bet_id, e.user_id, e.kind, e.amount, e.corrects_entry_id, e.effective_at
    FROM betting.bets AS b
    INNER JOIN betting.bankroll_ledger AS e ON b.id = e.bet_id AND e.kind = 'bet_settled' AND e.source_key IS NULL
    WHERE b.game_id = :game_id
    UNION ALL
    SELECT e.entry_id, e.bet_id, e.user_id, e.kind, e.amount, e.corrects_entry_id, e.effective_at
    FROM betting.bets AS b
    INNER JOIN betting.bankroll_ledger AS e ON b.id = e.bet_id AND e.source_key IS NOT NULL
    WHERE b.game_id = :game_id
),

standing AS (
    -- What takes from a balance is posted last, so a reversal may come after the settlement that replaces it.
    SELECT
        e.*,
        sum(CASE e.kind WHEN 'bet_settled' THEN 1 ELSE -1 END) OVER (PARTITION BY e.bet_id) AS settlements,
        count(*) FILTER (WHERE e.kind = 'reversal') OVER (PARTITION BY e.bet_id) AS reversals,
        sum(e.amount) OVER (PARTITION BY e.bet_id) AS posted
    FROM entries AS e
),

last_settlements AS (
    SELECT DISTINCT ON (e.bet_id)
        e.bet_id, e.user_id, coalesce(e.corrects_entry_id, e.entry_id) AS chain_id, e.effective_at,
        e.posted, e.reversals
    FROM standing AS e
    WHERE e.kind = 'bet_settled' AND e.settlements = 1
    ORDER BY e.bet_id ASC, e.entry_id DESC
)

SELECT
    (row_number() OVER (ORDER BY b.id))::integer AS bet_no,
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
    b.settled_at AS old_settled_at,
    g.status AS game_status,
    g.home_team,
    g.away_team,
    g.home_score,
    g.away_score,
    g.commence_time,
    g.completed_at,
    TRUE AS has_bankroll,
    k.balance,
    e.chain_id,
    e.reversals,
    e.posted::bigint AS posted,
    CASE
        WHEN k.weekly_reset_at IS NULL OR e.effective_at >= k.weekly_reset_at THEN e.effective_at
        ELSE greatest(:as_of, k.weekly_reset_at)
    END AS effective_at
FROM betting.bets AS b
INNER JOIN betting.games AS g ON b.game_id = g.id
INNER JOIN betting.bankrolls AS k ON b.user_id = k.user_id
INNER JOIN last_settlements AS e ON b.id = e.bet_id AND b.user_id = e.user_id
WHERE b.game_id = :game_id
ORDER BY b.id
