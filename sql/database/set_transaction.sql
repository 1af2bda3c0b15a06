-- Every transaction waits for a bounded time and speaks UTC; a session may be another's in the next. Timeouts are in milliseconds.
SELECT
    set_config('statement_timeout', :statement_timeout, TRUE) AS statement_timeout,
    set_config('lock_timeout', :lock_timeout, TRUE) AS lock_timeout,
    set_config('idle_in_transaction_session_timeout', '900000', TRUE) AS idle_timeout,
    set_config('TimeZone', 'UTC', TRUE) AS time_zone
