-- How many runs of jobs ended well, by day. The last 30 days.
SELECT d.day, sum(d.runs - d.failed)::bigint AS ended_well, sum(d.failed)::bigint AS failed
FROM operations.job_days AS d
WHERE d.day > :day::date - 30 AND d.day <= :day::date
GROUP BY d.day
ORDER BY d.day
