-- Alerts with their deliveries: sent, or given up long ago. $1: none older.
WITH gone AS (
    DELETE FROM operations.alerts AS o
    WHERE o.created_at < $1::timestamptz
    RETURNING o.alert_id
)

SELECT count(*) AS removed FROM gone
