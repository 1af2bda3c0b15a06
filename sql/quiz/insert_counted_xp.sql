-- XP of a period as it stands while the period closes. $1: board, $2: first day, $3: from, $4: up to, not including.
INSERT INTO quiz.counted_xp (board, period_start, member_id, events, score, reached_at)
SELECT $1, $2, e.user_id::text, count(*), sum(e.amount)::bigint, max(e.earned_at) FILTER (WHERE e.amount > 0)
FROM quiz.xp_events AS e
INNER JOIN quiz.users AS u ON e.user_id = u.id
WHERE e.earned_at >= $3 AND e.earned_at < $4
GROUP BY e.user_id
