-- Closed weeks of a domain that are still news, and were not posted yet, oldest first.
SELECT p.period_start AS week_start, p.period
FROM leaderboards.closed_periods AS p
WHERE
    p.domain = :domain AND p.board = 'weekly'
    AND p.period_end::timestamp AT TIME ZONE 'UTC' > :since::timestamptz
    AND p.period_end::timestamp AT TIME ZONE 'UTC' <= :until::timestamptz
    AND NOT EXISTS (
        SELECT 1 FROM reports.weekly_posts AS w
        WHERE w.domain = p.domain AND w.week_start = p.period_start
    )
ORDER BY p.period_start
