-- What the server allows, and how much of it is in use. Connections are counted of all its databases.
SELECT
    (
        SELECT count(*) FROM pg_stat_activity AS a
        WHERE a.backend_type = 'client backend'
    ) AS connections,
    current_setting('max_connections')::bigint - current_setting('superuser_reserved_connections')::bigint AS most_connections,
    pg_database_size(current_database()) AS database_bytes,
    pg_size_bytes(current_setting('shared_buffers')) AS shared_buffers_bytes
