-- An open incident goes on without a reminder: another one explains it.
UPDATE operations.incidents SET seen_at = greatest(seen_at, :now), reminded_at = :now
WHERE closed_at IS NULL AND kind = :kind AND subject = :subject
