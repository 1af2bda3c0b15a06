-- Scores of the staged members on the staged boards, as select_board_scores and select_lifetime_scores have those of
-- everybody. Days are looked up by their key (LIMIT 1), since all rows of the days are many more. What came after a
-- board is what later days have, or the ledger where they are stale: in one snapshot that is what the balance has too.
-- Staged: staged_late(member_id, account_id), staged_boards(day, board, period_start)
WITH shown AS MATERIALIZED (
    SELECT t.member_id, t.total, t.last_active_at
    FROM staged_late AS k
    INNER JOIN community.member_points AS t ON k.member_id = t.member_id
    INNER JOIN community.members AS m ON k.member_id = m.member_id
    WHERE m.subscription_status IN ('ACTIVE', 'TRIALING') AND m.leaderboard_visible
),

span AS MATERIALIZED (
    SELECT
        min(q.day) AS first_day,
        least(min(q.period_start), min(q.day)) AS since
    FROM staged_boards AS q
),

wanted AS MATERIALIZED (
    SELECT s.member_id, g.day::date AS day
    FROM shown AS s
    CROSS JOIN
        generate_series(
            (SELECT n.since FROM span AS n)::timestamp,
            (SELECT max(d.day) FROM community.days AS d)::timestamp,
            interval '1 day'
        ) AS g (day)
),

own AS MATERIALIZED (
    SELECT w.member_id, w.day, p.points, p.last_active_at
    FROM wanted AS w
    CROSS JOIN LATERAL (
        SELECT p.points, p.last_active_at FROM community.daily_points AS p
        WHERE p.day = w.day AND p.member_id = w.member_id
        ORDER BY p.day
        LIMIT 1
    ) AS p
),

coming AS MATERIALIZED (
    SELECT d.day, d.is_points_stale FROM community.days AS d
    WHERE d.day > (SELECT n.first_day FROM span AS n)
),

later AS MATERIALIZED (
    SELECT o.member_id, o.day, o.points
    FROM own AS o
    INNER JOIN coming AS c ON o.day = c.day AND NOT c.is_points_stale
    UNION ALL
    SELECT a.member_id, l.effective_on, l.points
    FROM coming AS c
    INNER JOIN community.point_ledger AS l ON c.day = l.effective_on AND c.is_points_stale
    INNER JOIN community.accounts AS a ON l.account_id = a.account_id
    INNER JOIN shown AS s ON a.member_id = s.member_id
),

-- When those last earned points who did not since: on one of all the days before.
missed AS MATERIALIZED (
    SELECT s.member_id FROM shown AS s
    EXCEPT
    SELECT o.member_id FROM own AS o
    WHERE o.last_active_at IS NOT NULL AND o.day <= (SELECT n.first_day FROM span AS n)
),

before AS MATERIALIZED (
    SELECT m.member_id, g.day::date AS day
    FROM missed AS m
    CROSS JOIN
        generate_series(
            (SELECT min(d.day) FROM community.daily_points AS d)::timestamp,
            (SELECT n.since - 1 FROM span AS n)::timestamp,
            interval '1 day'
        ) AS g (day)
),

earlier AS (
    SELECT b.member_id, max(p.last_active_at) AS last_active_at
    FROM before AS b
    CROSS JOIN
        LATERAL (
            SELECT p.last_active_at FROM community.daily_points AS p
            WHERE p.day = b.day AND p.member_id = b.member_id
            ORDER BY p.day
            LIMIT 1
        ) AS p
    GROUP BY b.member_id
),

lasting AS (
    SELECT q.day, q.board FROM staged_boards AS q
    WHERE q.period_start IS NULL
),

came_after AS (
    SELECT b.day, l.member_id, sum(l.points)::bigint AS points
    FROM lasting AS b
    INNER JOIN later AS l ON b.day < l.day
    GROUP BY b.day, l.member_id
),

until AS (
    SELECT b.day, o.member_id, max(o.last_active_at) AS last_active_at
    FROM lasting AS b
    INNER JOIN own AS o ON b.day >= o.day
    GROUP BY b.day, o.member_id
),

periodic AS (
    SELECT q.day, q.board, o.member_id, sum(o.points)::bigint AS score, max(o.last_active_at) AS reached_at
    FROM staged_boards AS q
    INNER JOIN own AS o ON o.day BETWEEN q.period_start AND q.day
    GROUP BY q.day, q.board, o.member_id
),

lifetime AS (
    SELECT
        b.day,
        b.board,
        s.member_id,
        s.total - coalesce(a.points, 0) AS score,
        CASE WHEN a.points IS NULL THEN s.last_active_at ELSE coalesce(u.last_active_at, e.last_active_at) END AS reached_at
    FROM lasting AS b
    CROSS JOIN shown AS s
    LEFT JOIN came_after AS a ON b.day = a.day AND s.member_id = a.member_id
    LEFT JOIN until AS u ON b.day = u.day AND s.member_id = u.member_id
    LEFT JOIN earlier AS e ON s.member_id = e.member_id
)

SELECT b.day, b.board, k.account_id, b.member_id, b.score, b.reached_at
FROM (
    SELECT p.day, p.board, p.member_id, p.score, p.reached_at FROM periodic AS p
    UNION ALL
    SELECT l.day, l.board, l.member_id, l.score, l.reached_at FROM lifetime AS l
) AS b
INNER JOIN staged_late AS k ON b.member_id = k.member_id
WHERE b.score <> 0
