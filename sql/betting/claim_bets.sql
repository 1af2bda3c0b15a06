-- Optimistic concurrency: decide the graded bets of a unit, each if it and its game still are what they were when it
-- was read, and keep what became of them as unit_results. What settles after a week was reset belongs to the new one.
-- Staged: staged_outcomes(bet_no, outcome, payout, net, void_reason)
CREATE TEMP TABLE unit_results ON COMMIT DROP AS
WITH graded AS MATERIALIZED (
    SELECT
        b.*,
        s.outcome,
        s.payout,
        s.net,
        s.void_reason,
        k.balance,
        coalesce(b.old_settled_at, greatest(:as_of::timestamptz, k.weekly_reset_at)) AS decided_at
    FROM staged_outcomes AS s
    INNER JOIN unit_bets AS b ON s.bet_no = b.bet_no
    INNER JOIN betting.bankrolls AS k ON b.user_id = k.user_id
    WHERE NOT b.has_other_result
),

decided AS MATERIALIZED (
    SELECT p.bet_id
    FROM
        betting.settle_bets((
            SELECT
                array_agg(
                    row(
                        g.bet_id, g.user_id, g.game_id, g.bet_type, g.bet_details::jsonb, g.stake, g.odds, g.potential_win,
                        g.is_tail, g.is_fade, g.original_pick_id, g.created_at, g.old_status, g.old_payout, g.old_net,
                        g.game_status, g.home_team, g.away_team, g.home_score, g.away_score, g.commence_time,
                        g.completed_at, g.outcome, g.payout, g.net, g.decided_at
                    )::betting.bet_outcome
                    ORDER BY g.bet_id
                )
            FROM graded AS g
        )) AS p
)

SELECT
    g.game_no,
    g.game_id,
    g.game_status,
    g.home_score,
    g.away_score,
    g.bet_id,
    g.user_id,
    g.stake,
    g.is_tail,
    g.is_fade,
    g.original_pick_id,
    g.outcome,
    g.payout,
    g.net,
    g.void_reason,
    g.decided_at,
    g.balance,
    g.reversals
FROM decided AS d
INNER JOIN graded AS g ON d.bet_id = g.bet_id
