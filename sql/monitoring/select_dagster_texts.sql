-- What Dagster's events say of somebody.
SELECT e.event AS content
FROM event_logs AS e
WHERE e.event ~ :pattern
UNION ALL
SELECT r.run_body
FROM runs AS r
WHERE r.run_body ~ :pattern
