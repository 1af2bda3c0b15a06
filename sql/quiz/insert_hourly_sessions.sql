-- What became of the sessions that began from :first_day to :last_day, by the hour in which they did.
INSERT INTO quiz.hourly_sessions (day, hour, sessions, completed, abandoned)
SELECT
    (s.started_at AT TIME ZONE 'UTC')::date,
    extract(HOUR FROM s.started_at AT TIME ZONE 'UTC')::bigint,
    count(*),
    count(*) FILTER (WHERE s.status = 'completed'),
    count(*) FILTER (WHERE s.status IN ('abandoned', 'expired'))
FROM quiz.quiz_sessions AS s
WHERE
    s.started_at >= :first_day::timestamp AT TIME ZONE 'UTC'
    AND s.started_at < (:last_day::date + 1)::timestamp AT TIME ZONE 'UTC'
GROUP BY (s.started_at AT TIME ZONE 'UTC')::date, extract(HOUR FROM s.started_at AT TIME ZONE 'UTC')
