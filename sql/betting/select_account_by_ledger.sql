-- The bankroll of :user_id and what its ledger says of it: the sum, the last entry, and what is due. That is what
-- the account was last set to, by its opening, a reset or a restoration, and what moved it since: a reset sets it
-- to its target whatever it was before.
WITH entries AS (
    SELECT e.entry_id, e.kind, e.amount, e.balance_after, e.recorded_at
    FROM betting.bankroll_ledger AS e
    WHERE e.user_id = :user_id
),

-- What one statement wrote was reckoned as one.
start AS (
    SELECT e.entry_id, e.balance_after
    FROM entries AS e
    WHERE
        e.recorded_at = (
            SELECT s.recorded_at FROM entries AS s
            WHERE s.kind IN ('opening', 'weekly_reset', 'restoration')
            ORDER BY s.entry_id DESC
            LIMIT 1
        )
    ORDER BY e.entry_id DESC
    LIMIT 1
)

SELECT
    k.balance,
    greatest(:as_of, k.weekly_reset_at) AS effective_at,
    (SELECT sum(e.amount)::bigint FROM entries AS e) AS ledger_sum,
    (
        SELECT e.balance_after FROM entries AS e
        ORDER BY e.entry_id DESC
        LIMIT 1
    ) AS last_balance,
    s.balance_after + (
        SELECT coalesce(sum(e.amount), 0)::bigint FROM entries AS e
        WHERE e.entry_id > s.entry_id
    ) AS due
FROM betting.bankrolls AS k
LEFT JOIN start AS s ON TRUE
WHERE k.user_id = :user_id
