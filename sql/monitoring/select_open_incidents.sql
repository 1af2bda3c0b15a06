-- Incidents that are open: what explains other conditions, and what trc health reports. No parameters.
SELECT i.kind, i.subject
FROM operations.incidents AS i
WHERE i.closed_at IS NULL
