-- Every session waits for a bounded time and speaks UTC. Timeouts are in milliseconds.
SELECT
    set_config('statement_timeout', :statement_timeout, FALSE) AS statement_timeout,
    set_config('lock_timeout', :lock_timeout, FALSE) AS lock_timeout,
    set_config('idle_in_transaction_session_timeout', '900000', FALSE) AS idle_timeout,
    set_config('TimeZone', 'UTC', FALSE) AS time_zone
