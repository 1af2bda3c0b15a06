-- XP that was recorded after its week or month was closed: in no archive of it, only in the global board.
SELECT
    p.board,
    p.period,
    e.user_id,
    count(*) - coalesce(max(c.events), 0) AS late_events,
    sum(e.amount) - coalesce(max(c.score), 0) AS late_xp
FROM leaderboards.closed_periods AS p
INNER JOIN quiz.xp_events AS e
    ON
        e.earned_at >= (p.period_start::timestamp AT TIME ZONE 'UTC')
        AND e.earned_at < (p.period_end::timestamp AT TIME ZONE 'UTC')
LEFT JOIN quiz.counted_xp AS c
    ON p.board = c.board AND p.period_start = c.period_start AND e.user_id = c.member_id
WHERE p.domain = 'quiz' AND p.closed_at > now() - interval '35 days'
GROUP BY p.board, p.period, p.period_start, e.user_id
HAVING count(*) > coalesce(max(c.events), 0)
ORDER BY p.period_start ASC, p.board ASC, late_xp DESC
