-- Accounts whose state is not what their deltas add up to.
WITH epochs AS (
    SELECT d.account_id, max(d.sync_id) AS first_sync_id
    FROM community.xp_deltas AS d
    WHERE d.kind IN ('baseline', 'joined') OR d.baseline_xp IS NULL
    GROUP BY d.account_id
),

sums AS (
    SELECT d.account_id, sum(d.whole)::bigint AS whole_total
    FROM community.xp_deltas AS d
    INNER JOIN epochs AS e ON d.account_id = e.account_id AND d.sync_id >= e.first_sync_id
    GROUP BY d.account_id
)

SELECT s.account_id, s.member_id, s.xp, s.baseline_xp, s.carry, s.whole_total, t.whole_total AS whole_of_deltas
FROM community.xp_states AS s
LEFT JOIN sums AS t ON s.account_id = t.account_id
WHERE
    t.account_id IS NULL
    OR s.whole_total <> t.whole_total
    OR 100 * t.whole_total + s.carry <> coalesce(s.xp - s.baseline_xp, 0)
ORDER BY s.account_id
