-- Final scores of a period, from $1 up to, not including, $2.
SELECT
    e.user_id::text AS member_id,
    sum(e.amount)::bigint AS score,
    max(e.earned_at) FILTER (WHERE e.amount > 0) AS reached_at
FROM quiz.xp_events AS e
INNER JOIN quiz.users AS u ON e.user_id = u.id
WHERE e.earned_at >= $1 AND e.earned_at < $2 AND u.deleted_at IS NULL
GROUP BY e.user_id
HAVING sum(e.amount) > 0
