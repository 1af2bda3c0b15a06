-- Up to when nothing can still be written that was earned before: the start of the oldest transaction that
-- goes on and has written something, or may be about to; the end of time while there is none.
SELECT coalesce(min(a.xact_start), '9999-12-31 00:00Z'::timestamptz) AS settled_until
FROM pg_stat_activity AS a
WHERE
    a.datname = current_database()
    AND a.backend_type = 'client backend'
    AND a.pid <> pg_backend_pid()
    -- A long one that has written nothing reads: a report, a dump.
    AND (a.backend_xid IS NOT NULL OR a.xact_start > clock_timestamp() - interval '1 minute')
