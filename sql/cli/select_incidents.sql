-- What is wrong, newest first: what is open, or with :is_over all that is still kept.
SELECT
    i.incident_id,
    i.kind,
    i.subject,
    i.severity,
    i.opened_at,
    i.seen_at,
    i.closed_at,
    i.message
FROM operations.incidents AS i
WHERE i.closed_at IS NULL OR :is_over
ORDER BY i.closed_at DESC NULLS FIRST, i.opened_at DESC, i.incident_id DESC
