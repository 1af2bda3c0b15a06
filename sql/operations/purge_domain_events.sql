-- Events that every app has had time to take. $1: none older.
WITH gone AS (
    DELETE FROM operations.domain_events AS o
    WHERE o.recorded_at < $1::timestamptz
    RETURNING o.event_id
)

SELECT count(*) AS removed FROM gone
