-- Incidents that are over.
WITH gone AS (
    DELETE FROM operations.incidents AS o
    WHERE o.closed_at < :before::timestamptz
    RETURNING o.incident_id
)

SELECT count(*) AS removed FROM gone
