-- Which share of the sessions that ended was played to the end, by the hour in which they began. The last 30 days.
SELECT
    o.hour,
    sum(o.completed)::double precision / nullif(sum(o.completed + o.abandoned), 0) AS completion_rate,
    sum(o.sessions)::bigint AS sessions
FROM quiz.session_outcomes AS o
WHERE o.day > :day::date - 30 AND o.day <= :day::date
GROUP BY o.hour
ORDER BY o.hour
