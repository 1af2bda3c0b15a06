-- Scores of the three boards as day $1 ended. $2: first day of its week, $3: of its month.
-- The global score is today's total less what came after, so its cost does not grow with history.
WITH eligible AS (
    SELECT m.member_id FROM community.members AS m
    WHERE m.subscription_status IN ('ACTIVE', 'TRIALING') AND m.leaderboard_visible
),

later AS (
    SELECT p.member_id, sum(p.points)::bigint AS points FROM community.daily_points AS p
    WHERE p.day > $1::date
    GROUP BY p.member_id
),

earned AS (
    SELECT
        p.member_id,
        sum(p.points) FILTER (WHERE p.day >= $2::date)::bigint AS weekly,
        max(p.last_active_at) FILTER (WHERE p.day >= $2::date) AS weekly_at,
        count(*) FILTER (WHERE p.day >= $2::date AND (p.points <> 0 OR p.last_active_at IS NOT NULL)) AS weekly_rows,
        sum(p.points) FILTER (WHERE p.day >= $3::date)::bigint AS monthly,
        max(p.last_active_at) FILTER (WHERE p.day >= $3::date) AS monthly_at,
        count(*) FILTER (WHERE p.day >= $3::date AND (p.points <> 0 OR p.last_active_at IS NOT NULL)) AS monthly_rows
    FROM community.daily_points AS p
    WHERE p.day BETWEEN least($2::date, $3::date) AND $1::date
    GROUP BY p.member_id
)

SELECT
    'global' AS board,
    t.member_id,
    t.total - coalesce(l.points, 0) AS score,
    CASE WHEN l.member_id IS NULL THEN t.last_active_at ELSE a.last_active_at END AS reached_at
FROM community.member_points AS t
INNER JOIN eligible AS m ON t.member_id = m.member_id
LEFT JOIN later AS l ON t.member_id = l.member_id
LEFT JOIN LATERAL (
    SELECT p.last_active_at FROM community.daily_points AS p
    WHERE
        p.member_id = t.member_id AND p.day <= $1::date
        AND p.last_active_at IS NOT NULL AND l.member_id IS NOT NULL
    ORDER BY p.day DESC
    LIMIT 1
) AS a ON TRUE
WHERE
    l.member_id IS NULL
    OR EXISTS (
        SELECT 1 FROM community.daily_points AS p
        WHERE p.member_id = t.member_id AND p.day <= $1::date AND (p.points <> 0 OR p.last_active_at IS NOT NULL)
    )
UNION ALL
SELECT 'weekly', e.member_id, e.weekly, e.weekly_at
FROM earned AS e
INNER JOIN eligible AS m ON e.member_id = m.member_id
WHERE e.weekly_rows > 0
UNION ALL
SELECT 'monthly', e.member_id, e.monthly, e.monthly_at
FROM earned AS e
INNER JOIN eligible AS m ON e.member_id = m.member_id
WHERE e.monthly_rows > 0
