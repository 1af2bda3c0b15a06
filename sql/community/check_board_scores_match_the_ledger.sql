-- Scores on boards that the ledger does not give, though their day is not marked stale. Days whose points were
-- never computed are on no weekly or monthly board.
WITH changes AS (
    SELECT l.member_id, l.effective_on AS day, NULL AS board, NULL::bigint AS score, l.points
    FROM community.point_ledger AS l
    UNION ALL
    SELECT r.member_id, r.day, r.board, r.score, 0
    FROM community.leaderboard_rankings AS r
    INNER JOIN community.days AS d ON r.day = d.day
    WHERE NOT d.is_boards_stale
),

sums AS (
    SELECT
        c.day,
        c.board,
        c.member_id,
        c.score,
        CASE c.board
            WHEN 'weekly' THEN sum(c.points) FILTER (WHERE NOT coalesce(d.is_points_stale, FALSE)) OVER week
            WHEN 'monthly' THEN sum(c.points) FILTER (WHERE NOT coalesce(d.is_points_stale, FALSE)) OVER month
            ELSE sum(c.points) OVER ever
        END AS ledger_score
    FROM changes AS c
    LEFT JOIN community.days AS d ON c.day = d.day
    WINDOW
        ever AS (PARTITION BY c.member_id ORDER BY c.day),
        week AS (PARTITION BY c.member_id, date_trunc('week', c.day) ORDER BY c.day),
        month AS (PARTITION BY c.member_id, date_trunc('month', c.day) ORDER BY c.day)
)

SELECT s.day, s.board, s.member_id, s.score, s.ledger_score::bigint AS ledger_score
FROM sums AS s
WHERE s.board IS NOT NULL AND s.score <> coalesce(s.ledger_score, 0)
ORDER BY s.day, s.board, s.member_id
