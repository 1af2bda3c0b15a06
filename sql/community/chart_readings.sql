-- How the leaderboard was read, by day. The last 30 days.
SELECT q.day, q.accepted, q.quarantined, q.failed, q.requests
FROM community.reading_quality AS q
WHERE q.day > :day::date - 30 AND q.day <= :day::date
ORDER BY q.day
