-- Alerts with their deliveries: sent, or given up long ago.
WITH gone AS (
    DELETE FROM operations.alerts AS o
    WHERE o.created_at < :before::timestamptz
    RETURNING o.alert_id
)

SELECT count(*) AS removed FROM gone
