-- One run at a time prepares what a table is written with; held until it is unlocked, or its session ends. Another lock than the step's own (0), whose session is another. :table is schema.table.
-- Meanwhile the session is idle, and a host that was cut off is noticed in half a minute by keepalives that outlive transactions.
SELECT
    pg_advisory_lock(hashtextextended(:table, 1)),
    set_config('tcp_keepalives_idle', '15', FALSE) AS keepalives_idle,
    set_config('tcp_keepalives_interval', '5', FALSE) AS keepalives_interval,
    set_config('tcp_keepalives_count', '3', FALSE) AS keepalives_count
