-- Open an incident, or note that the open one goes on: the unique index lets only one be open.
INSERT INTO operations.incidents AS i (kind, subject, severity, message, opened_at, seen_at, reminded_at)
VALUES (:kind, :subject, :severity, :message, :now, :now, :now)
ON CONFLICT (kind, subject) WHERE closed_at IS NULL DO UPDATE
    SET
        severity = excluded.severity,
        message = excluded.message,
        seen_at = greatest(i.seen_at, excluded.seen_at)
RETURNING i.incident_id, i.kind, i.subject, i.message, i.opened_at, i.xmax = 0 AS is_new
