-- Bets of game $1 that were settled, with everything they are graded and claimed by, and where that stands in
-- the ledger: the entry that counts, the first one, and whether its week is still open. $2: logical time.
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
    TRUE AS has_bankroll,
    e.chain_id,
    CASE
        WHEN k.weekly_reset_at IS NULL OR e.effective_at >= k.weekly_reset_at THEN e.effective_at
        ELSE greatest($2, k.weekly_reset_at)
    END AS effective_at
FROM betting.bets AS b
INNER JOIN betting.games AS g ON b.game_id = g.id
INNER JOIN betting.bankrolls AS k ON b.user_id = k.user_id
CROSS JOIN LATERAL (
    SELECT l.kind, coalesce(l.corrects_entry_id, l.entry_id) AS chain_id, l.effective_at
    FROM (
        SELECT f.entry_id, f.kind, f.corrects_entry_id, f.effective_at FROM betting.bankroll_ledger AS f
        WHERE f.bet_id = b.id AND f.user_id = b.user_id AND f.kind = 'bet_settled' AND f.source_key IS NULL
        UNION ALL
        SELECT c.entry_id, c.kind, c.corrects_entry_id, c.effective_at FROM betting.bankroll_ledger AS c
        WHERE c.bet_id = b.id AND c.user_id = b.user_id AND c.source_key IS NOT NULL
    ) AS l
    ORDER BY l.entry_id DESC
    LIMIT 1
) AS e
WHERE b.game_id = $1 AND b.status <> 'pending' AND e.kind = 'bet_settled'
ORDER BY b.id
