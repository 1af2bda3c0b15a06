-- When each part of Dagster's daemon was last heard of, in seconds since 1970. In Dagster's database.
SELECT h.daemon_type, (h.body::jsonb ->> 'timestamp')::float8 AS heard_at
FROM daemon_heartbeats AS h
ORDER BY h.daemon_type
