-- Accounts that were there when the week of :week_start (a Monday) began and were not reset for it, who waits
-- longest first: balance now, and which bets settled in the week that closed. None that the app's old job was
-- quicker with as it stopped.
WITH boundary AS (
    SELECT
        (:week_start::date)::timestamp AT TIME ZONE 'UTC' AS ends_at,
        (:week_start::date - 7)::timestamp AT TIME ZONE 'UTC' AS begins_at
),

settled AS (
    SELECT
        t.user_id,
        count(*) AS bets,
        count(*) FILTER (WHERE t.status = 'won') AS won,
        count(*) FILTER (WHERE t.status = 'lost') AS lost,
        count(*) FILTER (WHERE t.status = 'push') AS push,
        coalesce(sum(t.stake) FILTER (WHERE t.status <> 'cancelled'), 0)::bigint AS wagered
    FROM betting.bets AS t
    CROSS JOIN boundary AS b
    WHERE t.settled_at >= b.begins_at AND t.settled_at < b.ends_at
    GROUP BY t.user_id
)

SELECT
    k.user_id,
    k.balance,
    u.referral_count,
    coalesce(s.bets, 0) AS bets,
    coalesce(s.won, 0) AS won,
    coalesce(s.lost, 0) AS lost,
    coalesce(s.push, 0) AS push,
    coalesce(s.wagered, 0) AS wagered
FROM betting.bankrolls AS k
CROSS JOIN boundary AS b
INNER JOIN betting.users AS u ON k.user_id = u.id
LEFT JOIN settled AS s ON k.user_id = s.user_id
WHERE
    u.deleted_at IS NULL
    AND u.created_at < b.ends_at
    AND NOT (
        k.weekly_reset_at >= b.ends_at
        AND EXISTS (
            SELECT 1 FROM operations.cut_overs AS c
            WHERE c.domain = 'betting'
        )
    )
    AND NOT EXISTS (
        SELECT 1 FROM betting.bankroll_ledger AS e
        WHERE e.user_id = k.user_id AND e.kind = 'weekly_reset' AND e.week_start = :week_start
    )
ORDER BY k.weekly_reset_at NULLS FIRST, k.user_id
LIMIT :most
