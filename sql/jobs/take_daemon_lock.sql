-- One daemon fires the ticks of an installation, on whatever host: two would fire each twice. Held until its session ends.
SELECT pg_try_advisory_lock(hashtextextended('the daemon', 2)) AS is_taken
