-- What the reset leaves on the bankrolls that are staged, and the archive of the week that closed.
-- :week_start is the Monday of the week that begins.
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
)

UPDATE betting.bankrolls AS k SET
    weekly_deposit = s.weekly_deposit,
    referral_bonus = s.referral_bonus,
    weekly_reset_at = (:week_start::date)::timestamp AT TIME ZONE 'UTC',
    reset_count = k.reset_count + 1
FROM staged_accounts AS s
WHERE k.user_id = s.user_id
