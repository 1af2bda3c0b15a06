-- The jobs that took longest on the last day on which they ran, of the last 7.
SELECT l.job_name, l.median_seconds, l.runs, l.day
FROM (
    SELECT DISTINCT ON (d.job_name) d.job_name, d.median_seconds, d.runs, d.day
    FROM operations.job_days AS d
    WHERE d.day > :day::date - 7 AND d.day <= :day::date
    ORDER BY d.job_name ASC, d.day DESC
) AS l
ORDER BY l.median_seconds DESC, l.job_name ASC
LIMIT 10
