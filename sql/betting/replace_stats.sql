-- Make the rows of the users that are staged what is computed, touching only rows that differ: all time, days and weeks
-- from :since, and of who is late all.
-- Staged: staged_users(user_id, is_told, is_late, folded_digest, open_digest); staged_stats(user_id, period, period_start,
-- bets, won, lost, push, cancelled, win_rate, wagered, returned, net, roi, biggest_win, biggest_loss, current_streak,
-- best_win_streak, worst_loss_streak, perfect_days, favourite_team, tail_net, fade_net, others_net, balance_high,
-- balance_low, average_stake, last_bet_at, last_settled_at)
WITH standing AS (
    -- In order: so it is by the key for each user, however many rows there are of days before.
    SELECT u.*
    FROM staged_users AS w,
        LATERAL (
            SELECT x.ctid AS row_id, x.user_id, x.period, x.period_start
            FROM betting.user_stats AS x
            WHERE
                x.user_id = w.user_id AND x.period IN ('day', 'week')
                AND x.period_start >= CASE WHEN w.is_late THEN '-infinity' ELSE :since::date END
            ORDER BY x.period_start
        ) AS u
    UNION ALL
    SELECT u.*
    FROM staged_users AS w,
        LATERAL (
            SELECT x.ctid AS row_id, x.user_id, x.period, x.period_start
            FROM betting.user_stats AS x
            WHERE x.user_id = w.user_id AND x.period = 'all_time'
            ORDER BY x.period_start
        ) AS u
),

gone AS (
    DELETE FROM betting.user_stats AS u
    WHERE
        u.ctid = any(
            array(
                SELECT o.row_id FROM standing AS o
                WHERE
                    NOT EXISTS (
                        SELECT 1 FROM staged_stats AS s
                        WHERE
                            s.user_id = o.user_id AND s.period = o.period
                            AND s.period_start IS NOT DISTINCT FROM o.period_start
                    )
            )
        )
    RETURNING 1
),

written AS (
    INSERT INTO betting.user_stats AS u (
        user_id, period, period_start, bets, won, lost, push, cancelled, win_rate, wagered, returned, net,
        roi, biggest_win, biggest_loss, current_streak, best_win_streak, worst_loss_streak, perfect_days,
        favourite_team, tail_net, fade_net, others_net, balance_high, balance_low, average_stake,
        last_bet_at, last_settled_at
    )
    SELECT
        s.user_id, s.period, s.period_start, s.bets, s.won, s.lost, s.push, s.cancelled, s.win_rate,
        s.wagered, s.returned, s.net, s.roi, s.biggest_win, s.biggest_loss, s.current_streak,
        s.best_win_streak, s.worst_loss_streak, s.perfect_days, s.favourite_team, s.tail_net, s.fade_net,
        s.others_net, s.balance_high, s.balance_low, s.average_stake, s.last_bet_at, s.last_settled_at
    FROM staged_stats AS s
    ON CONFLICT (user_id, period, period_start) DO UPDATE
        SET
            bets = excluded.bets, won = excluded.won, lost = excluded.lost, push = excluded.push,
            cancelled = excluded.cancelled, win_rate = excluded.win_rate, wagered = excluded.wagered,
            returned = excluded.returned, net = excluded.net, roi = excluded.roi,
            biggest_win = excluded.biggest_win, biggest_loss = excluded.biggest_loss,
            current_streak = excluded.current_streak, best_win_streak = excluded.best_win_streak,
            worst_loss_streak = excluded.worst_loss_streak, perfect_days = excluded.perfect_days,
            favourite_team = excluded.favourite_team, tail_net = excluded.tail_net,
            fade_net = excluded.fade_net, others_net = excluded.others_net,
            balance_high = excluded.balance_high, balance_low = excluded.balance_low,
            average_stake = excluded.average_stake, last_bet_at = excluded.last_bet_at,
            last_settled_at = excluded.last_settled_at
        WHERE
        (
            u.bets, u.won, u.lost, u.push, u.cancelled, u.win_rate, u.wagered, u.returned, u.net, u.roi,
            u.biggest_win, u.biggest_loss, u.current_streak, u.best_win_streak, u.worst_loss_streak,
            u.perfect_days, u.favourite_team, u.tail_net, u.fade_net, u.others_net, u.balance_high,
            u.balance_low, u.average_stake, u.last_bet_at, u.last_settled_at
        ) IS DISTINCT FROM (
            excluded.bets, excluded.won, excluded.lost, excluded.push, excluded.cancelled, excluded.win_rate,
            excluded.wagered, excluded.returned, excluded.net, excluded.roi, excluded.biggest_win,
            excluded.biggest_loss, excluded.current_streak, excluded.best_win_streak,
            excluded.worst_loss_streak, excluded.perfect_days, excluded.favourite_team, excluded.tail_net,
            excluded.fade_net, excluded.others_net, excluded.balance_high, excluded.balance_low,
            excluded.average_stake, excluded.last_bet_at, excluded.last_settled_at
        )
    RETURNING 1
)

SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM written) AS changed
