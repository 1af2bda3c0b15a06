-- Incidents last seen at :until or before are over.
UPDATE operations.incidents SET closed_at = :now
WHERE closed_at IS NULL AND seen_at <= :until
RETURNING incident_id, kind, subject, message, opened_at
