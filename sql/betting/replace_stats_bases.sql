-- Make bases what is computed, touching only rows that differ. Who is late and has none goes, or whoever has none, when
-- they are computed :anew.
-- Staged: staged_users(user_id, is_told, is_late, folded_digest, open_digest); staged_bases(user_id, bets, won, lost, push,
-- cancelled, wagered, returned, net, perfect_days, tail_net, fade_net, others_bets, others_net, first_streak,
-- current_streak, best_win_streak, worst_loss_streak, biggest_win, balance_high, last_bet_at, last_settled_at,
-- biggest_loss, balance_low); staged_base_teams(user_id, team, bets)
WITH gone AS (
    DELETE FROM betting.stats_bases AS b
    WHERE
        (
            :anew OR b.user_id IN (
                SELECT w.user_id FROM staged_users AS w
                WHERE w.is_late
            )
        )
        AND NOT EXISTS (
            SELECT 1 FROM staged_bases AS n
            WHERE n.user_id = b.user_id
        )
),

teams AS (
    SELECT
        t.user_id,
        array_agg(t.team ORDER BY t.team) AS teams,
        array_agg(t.bets ORDER BY t.team) AS team_bets
    FROM staged_base_teams AS t
    GROUP BY t.user_id
)

INSERT INTO betting.stats_bases AS b (
    user_id, bets, won, lost, push, cancelled, wagered, returned, net, perfect_days, tail_net, fade_net, others_bets,
    others_net, first_streak, current_streak, best_win_streak, worst_loss_streak, biggest_win, balance_high, last_bet_at,
    last_settled_at, biggest_loss, balance_low, teams, team_bets
)
SELECT
    s.user_id, s.bets, s.won, s.lost, s.push, s.cancelled, s.wagered, s.returned, s.net, s.perfect_days, s.tail_net,
    s.fade_net, s.others_bets, s.others_net, s.first_streak, s.current_streak, s.best_win_streak, s.worst_loss_streak,
    s.biggest_win, s.balance_high, s.last_bet_at, s.last_settled_at, s.biggest_loss, s.balance_low,
    coalesce(f.teams, '{}'), coalesce(f.team_bets, '{}')
FROM staged_bases AS s
LEFT JOIN teams AS f ON s.user_id = f.user_id
ON CONFLICT (user_id) DO UPDATE
    SET
        bets = excluded.bets, won = excluded.won, lost = excluded.lost, push = excluded.push,
        cancelled = excluded.cancelled, wagered = excluded.wagered, returned = excluded.returned, net = excluded.net,
        perfect_days = excluded.perfect_days, tail_net = excluded.tail_net, fade_net = excluded.fade_net,
        others_bets = excluded.others_bets, others_net = excluded.others_net,
        first_streak = excluded.first_streak, current_streak = excluded.current_streak,
        best_win_streak = excluded.best_win_streak, worst_loss_streak = excluded.worst_loss_streak,
        biggest_win = excluded.biggest_win, balance_high = excluded.balance_high,
        last_bet_at = excluded.last_bet_at, last_settled_at = excluded.last_settled_at,
        biggest_loss = excluded.biggest_loss, balance_low = excluded.balance_low,
        teams = excluded.teams, team_bets = excluded.team_bets
    WHERE b.* IS DISTINCT FROM excluded.*
