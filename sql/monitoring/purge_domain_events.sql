-- Events that every app has had time to take.
WITH gone AS (
    DELETE FROM operations.domain_events AS o
    WHERE o.recorded_at < :before::timestamptz
    RETURNING o.event_id
)

SELECT count(*) AS removed FROM gone
