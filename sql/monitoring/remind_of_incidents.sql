-- Incidents that go on and of which nobody was reminded since :until.
UPDATE operations.incidents SET reminded_at = :now
WHERE closed_at IS NULL AND seen_at = :now AND reminded_at <= :until
RETURNING incident_id, kind, subject, severity, message, opened_at, reminded_at
