-- The longest time between two accepted readings, by day. The last 30 days.
SELECT q.day, q.longest_gap_minutes::double precision AS longest_gap_minutes, q.gaps
FROM community.reading_quality AS q
WHERE q.day > :day::date - 30 AND q.day <= :day::date
ORDER BY q.day
