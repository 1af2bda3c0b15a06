-- Accounts whose state is not what their deltas add up to.
WITH epochs AS (
    SELECT d.discord_id, d.member_id, max(d.sync_id) AS first_sync_id
    FROM community.xp_deltas AS d
    WHERE d.kind IN ('baseline', 'joined') OR d.baseline_xp IS NULL
    GROUP BY d.discord_id, d.member_id
),

sums AS (
    SELECT d.discord_id, d.member_id, sum(d.whole)::bigint AS whole_total
    FROM community.xp_deltas AS d
    INNER JOIN epochs AS e
        ON d.discord_id = e.discord_id AND d.member_id = e.member_id AND d.sync_id >= e.first_sync_id
    GROUP BY d.discord_id, d.member_id
)

SELECT s.discord_id, s.member_id, s.xp, s.baseline_xp, s.carry, s.whole_total, t.whole_total AS whole_of_deltas
FROM community.xp_states AS s
LEFT JOIN sums AS t ON s.discord_id = t.discord_id AND s.member_id = t.member_id
WHERE
    t.discord_id IS NULL
    OR s.whole_total <> t.whole_total
    OR 100 * t.whole_total + s.carry <> coalesce(s.xp - s.baseline_xp, 0)
ORDER BY s.discord_id
