-- Runs that are going on: each names its sessions. One that is in no transaction, holds no lock and was
-- asked nothing for half a minute says nothing of its host, which may have been cut off.
WITH locked AS (
    SELECT DISTINCT l.pid FROM pg_locks AS l
    WHERE l.locktype = 'advisory'
)

SELECT DISTINCT a.application_name AS session
FROM pg_stat_activity AS a
LEFT JOIN locked AS k ON a.pid = k.pid
WHERE
    a.datname = current_database()
    AND a.application_name LIKE 'trc run %'
    AND (k.pid IS NOT NULL OR a.xact_start IS NOT NULL OR a.state_change > clock_timestamp() - interval '30 seconds')
