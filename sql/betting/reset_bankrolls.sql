-- What the reset leaves on the bankrolls that are staged, and the archive of the week that closed.
-- :week_start is the Monday of the week that begins. Users whose bankroll did not begin it come back: there must
-- be none.
-- Staged: staged_accounts(user_id, opening, closing, net, adjustments, bets, won, lost, push, wagered, roi,
-- weekly_deposit, referral_bonus)
WITH closed AS (
    INSERT INTO betting.bankroll_weekly_history (
        user_id, week_start, opening, closing, net, adjustments, bets, won, lost, push, wagered, roi, run_id
    )
    SELECT
        s.user_id, :week_start::date - 7, s.opening, s.closing, s.net, s.adjustments,
        s.bets, s.won, s.lost, s.push, s.wagered, s.roi, :run_id
    FROM staged_accounts AS s
),

begun AS MATERIALIZED (
    SELECT p.user_id
    FROM betting.begin_week(
        (
            SELECT
                array_agg(
                    row(s.user_id, s.weekly_deposit, s.referral_bonus)::betting.week_beginning
                    ORDER BY s.user_id
                )
            FROM staged_accounts AS s
        ),
        :week_start
    ) AS p
)

SELECT s.user_id FROM staged_accounts AS s
EXCEPT
SELECT b.user_id FROM begun AS b
ORDER BY user_id
