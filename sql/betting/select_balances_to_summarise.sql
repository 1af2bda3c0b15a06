-- Balances of the users that are staged, after each posting: all the entries of a user and a game that one statement
-- wrote. In between a balance is a step of reckoning: before a loss that was written off, or a reversal. Those effective
-- from :since, and of who is late all.
-- Staged: staged_users(user_id, is_told, is_late, folded_digest, open_digest)
WITH first_recent AS MATERIALIZED (
    -- No column alone, or all the key were read for the lowest.
    SELECT min(e.entry_id + 0) AS entry_id
    FROM betting.bankroll_ledger AS e
    WHERE e.effective_at >= :since
),

entries AS (
    SELECT e.entry_id, e.user_id, e.game_id, e.recorded_at, e.effective_at, e.balance_after, s.is_late
    FROM betting.bankroll_ledger AS e
    INNER JOIN staged_users AS s ON e.user_id = s.user_id
    WHERE e.entry_id >= (SELECT f.entry_id FROM first_recent AS f)
    UNION ALL
    SELECT e.entry_id, e.user_id, e.game_id, e.recorded_at, e.effective_at, e.balance_after, s.is_late
    FROM staged_users AS s
    INNER JOIN betting.bankroll_ledger AS e ON s.user_id = e.user_id
    WHERE s.is_late AND e.entry_id < coalesce((SELECT f.entry_id FROM first_recent AS f), 9223372036854775807)
)

SELECT p.user_id, p.effective_at, p.balance_after
FROM (
    SELECT DISTINCT ON (e.user_id, e.recorded_at, e.game_id)
        e.user_id, e.effective_at, e.balance_after, e.is_late
    FROM entries AS e
    ORDER BY e.user_id ASC, e.recorded_at ASC, e.game_id ASC, e.entry_id DESC
) AS p
WHERE p.is_late OR p.effective_at >= :since
