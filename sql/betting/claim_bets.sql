-- Optimistic concurrency: decide the bets that are staged, each if it and its game still are what they were when
-- it was graded. What settles after a week was reset belongs to the new one. Unless it :is_correction the game
-- must not have been settled by another result.
-- Staged: staged_outcomes(bet_id, user_id, game_id, bet_type, bet_details, stake, odds, potential_win, is_tail, is_fade,
-- original_pick_id, created_at, old_status, old_payout, old_net, game_status, home_team, away_team, home_score,
-- away_score, commence_time, completed_at, outcome, payout, net)
UPDATE betting.bets AS b SET
    status = s.outcome,
    payout = s.payout,
    net = s.net,
    settled_at = CASE WHEN s.outcome <> 'pending' THEN coalesce(b.settled_at, greatest(:as_of, k.weekly_reset_at)) END
FROM staged_outcomes AS s
INNER JOIN betting.games AS g
    ON
        s.game_id = g.id
        AND (g.status, g.home_team, g.away_team, g.home_score, g.away_score, g.commence_time, g.completed_at)
        IS NOT DISTINCT FROM
        (s.game_status, s.home_team, s.away_team, s.home_score, s.away_score, s.commence_time, s.completed_at)
LEFT JOIN betting.game_settlements AS t ON g.id = t.game_id
CROSS JOIN betting.bankrolls AS k
WHERE
    b.id = s.bet_id
    AND k.user_id = s.user_id
    AND (
        b.user_id, b.game_id, b.bet_type, b.bet_details, b.stake, b.odds, b.potential_win,
        b.is_tail, b.is_fade, b.original_pick_id, b.created_at, b.status, b.payout, b.net
    )
    IS NOT DISTINCT FROM
    (
        s.user_id, s.game_id, s.bet_type, s.bet_details::jsonb, s.stake, s.odds, s.potential_win,
        s.is_tail, s.is_fade, s.original_pick_id, s.created_at, s.old_status, s.old_payout, s.old_net
    )
    AND (
        :is_correction OR t.game_id IS NULL OR (
            t.status = g.status
            AND (g.status = 'cancelled' OR (t.home_score, t.away_score) IS NOT DISTINCT FROM (g.home_score, g.away_score))
        )
    )
RETURNING
    b.id AS bet_id,
    coalesce(b.settled_at, greatest(:as_of, k.weekly_reset_at)) AS decided_at,
    k.balance,
    (
        SELECT count(*) FROM betting.bankroll_ledger AS e
        WHERE e.bet_id = b.id AND e.source_key IS NOT NULL AND e.kind = 'reversal'
    ) AS reversals
