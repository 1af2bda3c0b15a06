-- Members whose sums of the latest week and month are not those of the ledger. Who has none since then
-- stands in an earlier period, which nobody reads.
WITH latest AS (
    SELECT max(p.week_start) AS week_start, max(p.month_start) AS month_start FROM community.member_points AS p
),

totals AS (
    SELECT
        p.member_id,
        CASE WHEN p.week_start = n.week_start THEN p.week_points ELSE 0 END AS week_points,
        CASE WHEN p.week_start = n.week_start THEN p.week_at END AS week_at,
        CASE WHEN p.month_start = n.month_start THEN p.month_points ELSE 0 END AS month_points,
        CASE WHEN p.month_start = n.month_start THEN p.month_at END AS month_at
    FROM community.member_points AS p
    CROSS JOIN latest AS n
),

sums AS (
    SELECT
        a.member_id,
        coalesce(sum(l.points) FILTER (WHERE l.effective_on >= n.week_start), 0)::bigint AS week_points,
        max(l.effective_at) FILTER (
            WHERE l.effective_on >= n.week_start AND l.points > 0 AND l.action <> 'admin_adjustment'
        ) AS week_at,
        coalesce(sum(l.points) FILTER (WHERE l.effective_on >= n.month_start), 0)::bigint AS month_points,
        max(l.effective_at) FILTER (
            WHERE l.effective_on >= n.month_start AND l.points > 0 AND l.action <> 'admin_adjustment'
        ) AS month_at
    FROM community.point_ledger AS l
    INNER JOIN community.accounts AS a ON l.account_id = a.account_id
    CROSS JOIN latest AS n
    WHERE l.effective_on >= least(n.week_start, n.month_start)
    GROUP BY a.member_id
)

SELECT
    coalesce(t.member_id, s.member_id) AS member_id,
    t.week_points,
    coalesce(s.week_points, 0) AS ledger_week_points,
    t.month_points,
    coalesce(s.month_points, 0) AS ledger_month_points
FROM totals AS t
FULL JOIN sums AS s ON t.member_id = s.member_id
WHERE
    (t.week_points, t.week_at, t.month_points, t.month_at)
    IS DISTINCT FROM (coalesce(s.week_points, 0), s.week_at, coalesce(s.month_points, 0), s.month_at)
ORDER BY member_id
