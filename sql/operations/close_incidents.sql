-- Incidents not seen for a while are over. $1: last seen before then, $2: now.
UPDATE operations.incidents SET closed_at = $2
WHERE closed_at IS NULL AND seen_at <= $1
RETURNING incident_id, kind, subject, message, opened_at
