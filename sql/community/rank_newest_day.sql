-- The boards of the newest day, ranked and packed from the running totals of the ledger. A score of 0 is on no board.
WITH shown AS MATERIALIZED (
    SELECT
        p.member_id,
        p.account_id,
        p.total,
        p.last_active_at,
        CASE WHEN p.week_start = :week_start THEN p.week_points ELSE 0 END AS week_points,
        p.week_at,
        CASE WHEN p.month_start = :month_start THEN p.month_points ELSE 0 END AS month_points,
        p.month_at
    FROM community.member_points AS p
    INNER JOIN community.members AS m ON p.member_id = m.member_id
    WHERE m.subscription_status IN ('ACTIVE', 'TRIALING') AND m.leaderboard_visible
),

ranked AS (
    SELECT
        'global' AS board,
        NULL::date AS period_start,
        row_number() OVER (ORDER BY s.total DESC, s.last_active_at DESC NULLS LAST, s.member_id ASC) AS rank,
        s.account_id,
        s.total AS score,
        s.last_active_at AS reached_at
    FROM shown AS s
    WHERE s.total <> 0
    UNION ALL
    SELECT
        'monthly',
        :month_start::date,
        row_number() OVER (ORDER BY s.month_points DESC, s.month_at DESC NULLS LAST, s.member_id ASC),
        s.account_id,
        s.month_points,
        s.month_at
    FROM shown AS s
    WHERE s.month_points <> 0
    UNION ALL
    SELECT
        'weekly',
        :week_start::date,
        row_number() OVER (ORDER BY s.week_points DESC, s.week_at DESC NULLS LAST, s.member_id ASC),
        s.account_id,
        s.week_points,
        s.week_at
    FROM shown AS s
    WHERE s.week_points <> 0
)

INSERT INTO community.ranking_pages (day, board, first_rank, period_start, account_ids, scores, reached_at)
SELECT
    :day::date,
    r.board,
    min(r.rank),
    r.period_start,
    array_agg(r.account_id ORDER BY r.rank),
    array_agg(r.score ORDER BY r.rank),
    array_agg(r.reached_at ORDER BY r.rank)
FROM ranked AS r
GROUP BY r.board, r.period_start, (r.rank - 1) / 1000
