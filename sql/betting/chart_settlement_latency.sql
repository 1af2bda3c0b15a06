-- How long users waited for the settlement of a game that was over. The last 30 days.
SELECT l.day, l.median_minutes, l.p90_minutes, l.longest_minutes, l.games
FROM betting.settlement_latency AS l
WHERE l.day > :day::date - 30 AND l.day <= :day::date
ORDER BY l.day
