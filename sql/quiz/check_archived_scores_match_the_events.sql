-- Of periods closed in the last weeks: older ones were looked at when they were new. The archive is what was counted
-- while the period closed, and what was counted is still there. Events beyond those came late: closed is closed.
WITH recent AS (
    SELECT p.board, p.period_start, p.period_end, p.closed_at
    FROM leaderboards.closed_periods AS p
    WHERE p.domain = 'quiz' AND p.closed_at > now() - interval '35 days'
),

counted AS (
    SELECT
        c.board, c.period_start, c.member_id, c.events, c.score,
        CASE WHEN c.score > 0 AND (u.deleted_at IS NULL OR p.closed_at < u.deleted_at) THEN c.score END AS to_archive
    FROM recent AS p
    INNER JOIN quiz.counted_xp AS c ON p.board = c.board AND p.period_start = c.period_start
    LEFT JOIN quiz.users AS u ON c.member_id = u.id
),

earned AS (
    SELECT p.board, p.period_start, e.user_id AS member_id, count(*) AS events, sum(e.amount) AS score
    FROM recent AS p
    INNER JOIN quiz.xp_events AS e
        ON
            e.earned_at >= (p.period_start::timestamp AT TIME ZONE 'UTC')
            AND e.earned_at < (p.period_end::timestamp AT TIME ZONE 'UTC')
    GROUP BY p.board, p.period_start, e.user_id
),

archived AS (
    SELECT a.board, a.period_start, a.rank, a.member_id, a.score
    FROM recent AS p
    INNER JOIN leaderboards.archived_rankings AS a
        ON a.domain = 'quiz' AND p.board = a.board AND p.period_start = a.period_start
)

SELECT
    coalesce(a.board, c.board) AS board,
    coalesce(a.period_start, c.period_start) AS period_start,
    a.rank,
    coalesce(a.member_id, c.member_id) AS member_id,
    a.score,
    c.score AS counted,
    e.score AS earned
FROM counted AS c
FULL JOIN archived AS a
    ON c.board = a.board AND c.period_start = a.period_start AND c.member_id = a.member_id
LEFT JOIN earned AS e
    ON c.board = e.board AND c.period_start = e.period_start AND c.member_id = e.member_id
WHERE
    a.score IS DISTINCT FROM c.to_archive
    -- As many events as then are those of then; fewer are gone or moved.
    OR (c.events IS NOT NULL AND coalesce(e.events, 0) < c.events)
    OR (c.events = e.events AND c.score <> e.score)
ORDER BY board, period_start, member_id
