-- Every transaction waits for a bounded time and speaks UTC; a session may be another's in the next. A
-- client that is gone is noticed in half a minute, also while its statement waits: a host that was cut off keeps no lock. Timeouts
-- are in milliseconds, those of keepalives in seconds.
SELECT
    set_config('statement_timeout', :statement_timeout, TRUE) AS statement_timeout,
    set_config('lock_timeout', :lock_timeout, TRUE) AS lock_timeout,
    set_config('idle_in_transaction_session_timeout', '900000', TRUE) AS idle_timeout,
    set_config('tcp_keepalives_idle', '15', TRUE) AS keepalives_idle,
    set_config('tcp_keepalives_interval', '5', TRUE) AS keepalives_interval,
    set_config('tcp_keepalives_count', '3', TRUE) AS keepalives_count,
    set_config('tcp_user_timeout', '30000', TRUE) AS user_timeout,
    set_config('client_connection_check_interval', '10000', TRUE) AS check_interval,
    set_config('TimeZone', 'UTC', TRUE) AS time_zone
