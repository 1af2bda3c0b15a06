-- An open incident goes on, and nobody is told: another one explains it. $1: kind, $2: subject, $3: now.
UPDATE operations.incidents SET seen_at = greatest(seen_at, $3), reminded_at = $3
WHERE closed_at IS NULL AND kind = $1 AND subject = $2
