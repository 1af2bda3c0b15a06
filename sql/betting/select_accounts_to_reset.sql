-- Accounts that were there when the week of $1 (a Monday) began and were not reset for it, who waits longest
-- first: balance now, what moved it since, and what settled in the week that closed. $2: most rows.
WITH boundary AS (
    SELECT
        ($1::date)::timestamp AT TIME ZONE 'UTC' AS ends_at,
        ($1::date - 7)::timestamp AT TIME ZONE 'UTC' AS begins_at
),

moved AS (
    SELECT
        e.user_id,
        coalesce(sum(e.amount) FILTER (WHERE e.effective_at >= b.ends_at), 0)::bigint AS since,
        coalesce(
            sum(e.amount) FILTER (WHERE e.effective_at < b.ends_at AND e.kind IN ('bet_settled', 'write_off') AND e.week_start IS NULL),
            0
        )::bigint AS net
    FROM betting.bankroll_ledger AS e
    CROSS JOIN boundary AS b
    WHERE e.effective_at >= b.begins_at AND e.kind <> 'opening'
    GROUP BY e.user_id
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
    k.user_id::text AS user_id,
    k.balance,
    u.referral_count,
    coalesce(m.since, 0) AS since,
    coalesce(m.net, 0) AS net,
    coalesce(s.bets, 0) AS bets,
    coalesce(s.won, 0) AS won,
    coalesce(s.lost, 0) AS lost,
    coalesce(s.push, 0) AS push,
    coalesce(s.wagered, 0) AS wagered
FROM betting.bankrolls AS k
CROSS JOIN boundary AS b
INNER JOIN betting.users AS u ON k.user_id = u.id
LEFT JOIN moved AS m ON k.user_id = m.user_id
LEFT JOIN settled AS s ON k.user_id = s.user_id
WHERE
    u.deleted_at IS NULL
    AND u.created_at < b.ends_at
    AND NOT EXISTS (
        SELECT 1 FROM betting.bankroll_ledger AS e
        WHERE e.user_id = k.user_id AND e.kind = 'weekly_reset' AND e.week_start = $1
    )
ORDER BY k.weekly_reset_at NULLS FIRST, k.user_id
LIMIT $2
