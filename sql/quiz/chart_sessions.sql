-- What became of the sessions that began on a day. The last 30 days.
SELECT
    o.day,
    sum(o.completed)::bigint AS completed,
    sum(o.abandoned)::bigint AS abandoned,
    sum(o.sessions - o.completed - o.abandoned)::bigint AS going_on
FROM quiz.session_outcomes AS o
WHERE o.day > :day::date - 30 AND o.day <= :day::date
GROUP BY o.day
ORDER BY o.day
