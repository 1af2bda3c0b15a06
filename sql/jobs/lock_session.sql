-- One run at a time prepares what a table is written with; held until its session ends. Another lock than the step's own (0), whose session is another. :table is schema.table.
-- Between transactions it waits, and a host that was cut off meanwhile is noticed in half a minute by keepalives of its own.
SELECT
    pg_advisory_lock(hashtextextended(:table, 1)),
    set_config('tcp_keepalives_idle', '15', FALSE) AS keepalives_idle,
    set_config('tcp_keepalives_interval', '5', FALSE) AS keepalives_interval,
    set_config('tcp_keepalives_count', '3', FALSE) AS keepalives_count
