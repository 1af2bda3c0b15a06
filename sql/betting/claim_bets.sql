-- Optimistic concurrency: decide the bets that are staged, each if it and its game still are what they were when
-- it was graded. What settles after a week was reset belongs to the new one. Unless it :is_correction the game
-- must not have been settled by another result.
-- Staged: staged_outcomes(bet_id, user_id, game_id, bet_type, bet_details, stake, odds, potential_win, is_tail, is_fade,
-- original_pick_id, created_at, old_status, old_payout, old_net, game_status, home_team, away_team, home_score,
-- away_score, commence_time, completed_at, outcome, payout, net)
WITH outcomes AS MATERIALIZED (
    SELECT
        k.balance,
        row(
            s.bet_id, s.user_id, s.game_id, s.bet_type, s.bet_details, s.stake, s.odds, s.potential_win,
            s.is_tail, s.is_fade, s.original_pick_id, s.created_at, s.old_status, s.old_payout, s.old_net,
            s.game_status, s.home_team, s.away_team, s.home_score, s.away_score, s.commence_time, s.completed_at,
            s.outcome, s.payout, s.net, coalesce(b.settled_at, greatest(:as_of, k.weekly_reset_at))
        )::betting.bet_outcome AS outcome
    FROM staged_outcomes AS s
    INNER JOIN betting.bets AS b ON s.bet_id = b.id
    INNER JOIN betting.bankrolls AS k ON s.user_id = k.user_id
    LEFT JOIN betting.game_settlements AS t ON s.game_id = t.game_id
    WHERE
        :is_correction OR t.game_id IS NULL OR (
            t.status = s.game_status
            AND (
                s.game_status = 'cancelled'
                OR (t.home_score, t.away_score) IS NOT DISTINCT FROM (s.home_score, s.away_score)
            )
        )
),

settled AS MATERIALIZED (
    SELECT p.bet_id
    FROM betting.settle_bets((SELECT array_agg(o.outcome ORDER BY (o.outcome).bet_id) FROM outcomes AS o)) AS p
)

SELECT
    d.bet_id,
    (o.outcome).decided_at AS decided_at,
    o.balance,
    (
        SELECT count(*) FROM betting.bankroll_ledger AS e
        WHERE e.bet_id = d.bet_id AND e.source_key IS NOT NULL AND e.kind = 'reversal'
    ) AS reversals
FROM settled AS d
INNER JOIN outcomes AS o ON d.bet_id = (o.outcome).bet_id
