-- Scores of the staged members on the staged boards, as select_board_scores and select_lifetime_scores have those of
-- everybody. Days are looked up by their key, since all rows of the days are many more; entries that came after the
-- first day are read once.
-- Staged: staged_late(member_id), staged_boards(day, board, period_start)
WITH shown AS MATERIALIZED (
    SELECT t.member_id, t.total, t.last_active_at
    FROM staged_late AS l
    INNER JOIN community.member_points AS t ON l.member_id = t.member_id
    INNER JOIN community.members AS m ON l.member_id = m.member_id
    WHERE m.subscription_status IN ('ACTIVE', 'TRIALING') AND m.leaderboard_visible
),

span AS MATERIALIZED (
    SELECT
        min(b.day) AS first_day,
        least(min(b.period_start), min(b.day)) AS since,
        max(b.day) AS last_day
    FROM staged_boards AS b
),

wanted AS MATERIALIZED (
    SELECT s.member_id, g.day::date AS day
    FROM shown AS s
    CROSS JOIN span AS n
    CROSS JOIN LATERAL generate_series(n.since::timestamp, n.last_day::timestamp, interval '1 day') AS g (day)
),

own AS MATERIALIZED (
    SELECT p.member_id, p.day, p.points, p.last_active_at
    FROM wanted AS w
    INNER JOIN community.daily_points AS p ON w.day = p.day AND w.member_id = p.member_id
),

later AS MATERIALIZED (
    SELECT a.member_id, l.effective_on, sum(l.points)::bigint AS points
    FROM community.point_ledger AS l
    INNER JOIN community.accounts AS a ON l.account_id = a.account_id
    INNER JOIN shown AS s ON a.member_id = s.member_id
    WHERE l.effective_on > (SELECT n.first_day FROM span AS n)
    GROUP BY a.member_id, l.effective_on
),

-- When they last earned points before these days: the days are gone back until one is found.
earlier AS MATERIALIZED (
    SELECT s.member_id, e.last_active_at
    FROM shown AS s
    CROSS JOIN LATERAL (
        SELECT p.last_active_at
        FROM generate_series(
            (SELECT n.since FROM span AS n)::timestamp - interval '1 day',
            (SELECT min(d.day) FROM community.daily_points AS d)::timestamp,
            interval '-1 day'
        ) AS g (day)
        CROSS JOIN LATERAL (
            SELECT d.last_active_at FROM community.daily_points AS d
            WHERE d.day = g.day::date AND d.member_id = s.member_id AND d.last_active_at IS NOT NULL
        ) AS p
        ORDER BY g.day DESC
        LIMIT 1
    ) AS e
),

periodic AS (
    SELECT b.day, b.board, o.member_id, sum(o.points)::bigint AS score, max(o.last_active_at) AS reached_at
    FROM staged_boards AS b
    INNER JOIN own AS o ON o.day BETWEEN b.period_start AND b.day
    GROUP BY b.day, b.board, o.member_id
),

lifetime AS (
    SELECT
        b.day,
        b.board,
        s.member_id,
        s.total - coalesce(a.points, 0) AS score,
        CASE WHEN a.points IS NULL THEN s.last_active_at ELSE greatest(u.last_active_at, e.last_active_at) END AS reached_at
    FROM staged_boards AS b
    CROSS JOIN shown AS s
    LEFT JOIN earlier AS e ON s.member_id = e.member_id
    CROSS JOIN LATERAL (
        SELECT sum(l.points)::bigint AS points FROM later AS l
        WHERE l.member_id = s.member_id AND l.effective_on > b.day
    ) AS a
    CROSS JOIN LATERAL (
        SELECT max(o.last_active_at) AS last_active_at FROM own AS o
        WHERE o.member_id = s.member_id AND o.day <= b.day
    ) AS u
    WHERE b.period_start IS NULL
)

SELECT p.day, p.board, p.member_id, p.score, p.reached_at FROM periodic AS p
WHERE p.score <> 0
UNION ALL
SELECT l.day, l.board, l.member_id, l.score, l.reached_at FROM lifetime AS l
WHERE l.score <> 0
