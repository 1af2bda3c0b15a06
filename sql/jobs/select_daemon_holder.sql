-- What the session is called that holds the daemon's lock. A 64-bit key stands in two halves.
SELECT a.application_name
FROM pg_locks AS l
INNER JOIN pg_stat_activity AS a ON l.pid = a.pid
INNER JOIN pg_database AS d ON l.database = d.oid
WHERE
    l.locktype = 'advisory'
    AND l.objsubid = 1
    AND d.datname = current_database()
    AND (l.classid::bigint << 32 | l.objid::bigint) = hashtextextended('the daemon', 2)
    AND l.granted
