-- Scores on boards that the ledger does not give, though their day is not marked stale. What counts in a period
-- is the sum up to the day less the sum up to the day before the period. Days whose points were never computed
-- are on no board with a period.
WITH scores AS (
    SELECT r.day, r.board, r.member_id, r.score, r.period_start
    FROM community.leaderboard_rankings AS r
    INNER JOIN community.days AS d ON r.day = d.day
    WHERE NOT d.is_boards_stale
),

changes AS (
    SELECT
        a.member_id,
        l.effective_on AS day,
        l.points,
        CASE WHEN coalesce(d.is_points_stale, FALSE) THEN 0 ELSE l.points END AS points_of_fresh_days,
        NULL::date AS scored_on,
        NULL AS board,
        1 AS sign
    FROM community.point_ledger AS l
    INNER JOIN community.accounts AS a ON l.account_id = a.account_id
    LEFT JOIN community.days AS d ON l.effective_on = d.day
    UNION ALL
    SELECT s.member_id, s.day, 0, 0, s.day AS scored_on, s.board, 1
    FROM scores AS s
    UNION ALL
    SELECT s.member_id, s.period_start - 1, 0, 0, s.day AS scored_on, s.board, -1
    FROM scores AS s
    WHERE s.period_start IS NOT NULL
),

sums AS (
    SELECT
        c.member_id,
        c.scored_on,
        c.board,
        c.sign * sum(c.points) OVER up_to AS total,
        c.sign * sum(c.points_of_fresh_days) OVER up_to AS total_of_fresh_days
    FROM changes AS c
    WINDOW up_to AS (PARTITION BY c.member_id ORDER BY c.day)
),

expected AS (
    SELECT
        s.scored_on,
        s.board,
        s.member_id,
        sum(s.total)::bigint AS total,
        sum(s.total_of_fresh_days)::bigint AS total_of_fresh_days
    FROM sums AS s
    WHERE s.board IS NOT NULL
    GROUP BY s.scored_on, s.board, s.member_id
)

SELECT
    s.day,
    s.board,
    s.member_id,
    s.score,
    CASE WHEN s.period_start IS NULL THEN e.total ELSE e.total_of_fresh_days END AS ledger_score
FROM scores AS s
INNER JOIN expected AS e ON s.day = e.scored_on AND s.board = e.board AND s.member_id = e.member_id
WHERE s.score <> CASE WHEN s.period_start IS NULL THEN e.total ELSE e.total_of_fresh_days END
ORDER BY s.day, s.board, s.member_id
