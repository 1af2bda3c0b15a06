-- Incidents that are over. $1: none older.
WITH gone AS (
    DELETE FROM operations.incidents AS o
    WHERE o.closed_at < $1::timestamptz
    RETURNING o.incident_id
)

SELECT count(*) AS removed FROM gone
