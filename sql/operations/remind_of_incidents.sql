-- Incidents that go on and of which nobody was told lately. $1: told before then, $2: now.
UPDATE operations.incidents SET reminded_at = $2
WHERE closed_at IS NULL AND seen_at = $2 AND reminded_at <= $1
RETURNING incident_id, kind, subject, severity, message, opened_at, reminded_at
