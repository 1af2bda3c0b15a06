-- Closed periods whose archive has other ranks than it was closed with. Who was erased keeps the rank of the
-- name they had.
WITH ranked AS (
    SELECT
        r.board,
        r.period_start,
        r.rank,
        r.member_id,
        row_number() OVER (
            PARTITION BY r.board, r.period_start ORDER BY r.score DESC, r.reached_at DESC NULLS LAST, r.rank ASC
        ) AS position,
        lag(r.member_id) OVER (
            PARTITION BY r.board, r.period_start, r.score, r.reached_at ORDER BY r.rank
        ) AS ahead
    FROM community.leaderboard_archive AS r
),

in_place AS (
    SELECT r.board, r.period_start, count(*) AS ranks
    FROM ranked AS r
    WHERE
        r.rank = r.position
        AND (r.ahead < r.member_id OR r.ahead ~ '^erased-' OR r.member_id ~ '^erased-') IS NOT FALSE
    GROUP BY r.board, r.period_start
)

SELECT p.board, p.period, p.members, coalesce(r.ranks, 0) AS ranks_in_place
FROM leaderboards.closed_periods AS p
LEFT JOIN in_place AS r ON p.board = r.board AND p.period_start = r.period_start
WHERE p.domain = 'community' AND coalesce(r.ranks, 0) <> p.members
ORDER BY p.period_start, p.board
