-- One daemon fires the ticks of an installation, on whatever host: two would fire each twice. Held until its session ends,
-- which ends half a minute after its host was cut off: by keepalives of its own, as it is idle most of the time.
SELECT
    pg_try_advisory_lock(hashtextextended('the daemon', 2)) AS is_taken,
    set_config('tcp_keepalives_idle', '15', FALSE) AS keepalives_idle,
    set_config('tcp_keepalives_interval', '5', FALSE) AS keepalives_interval,
    set_config('tcp_keepalives_count', '3', FALSE) AS keepalives_count
