-- Of periods closed in the last weeks: older ones were looked at when they were new.
WITH recent AS (
    SELECT p.board, p.period_start, p.period_end, p.closed_at
    FROM leaderboards.closed_periods AS p
    WHERE p.domain = 'quiz' AND p.closed_at > now() - interval '35 days'
),

earned AS (
    SELECT p.board, p.period_start, e.user_id::text AS member_id, sum(e.amount) AS score
    FROM recent AS p
    INNER JOIN quiz.xp_events AS e
        ON
            e.earned_at >= (p.period_start::timestamp AT TIME ZONE 'UTC')
            AND e.earned_at < (p.period_end::timestamp AT TIME ZONE 'UTC')
    INNER JOIN quiz.users AS u ON e.user_id = u.id AND (u.deleted_at IS NULL OR p.closed_at < u.deleted_at)
    GROUP BY p.board, p.period_start, e.user_id
    HAVING sum(e.amount) > 0
),

archived AS (
    SELECT a.board, a.period_start, a.rank, a.member_id, a.score
    FROM recent AS p
    INNER JOIN leaderboards.archived_rankings AS a
        ON a.domain = 'quiz' AND p.board = a.board AND p.period_start = a.period_start
)

SELECT
    coalesce(a.board, e.board) AS board,
    coalesce(a.period_start, e.period_start) AS period_start,
    a.rank,
    coalesce(a.member_id, e.member_id) AS member_id,
    a.score,
    e.score AS earned
FROM archived AS a
FULL JOIN earned AS e
    ON a.board = e.board AND a.period_start = e.period_start AND a.member_id = e.member_id
WHERE a.score IS DISTINCT FROM e.score
ORDER BY board, period_start, member_id
