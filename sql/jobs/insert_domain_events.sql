-- Record the events that are not recorded yet: a key happens once, however often its job runs.
-- Staged: staged_events(dedupe_key, payload)
WITH recorded AS (
    INSERT INTO operations.domain_events (epoch, event_type, dedupe_key, payload, occurred_at, run_id)
    SELECT (SELECT operations.event_epoch()), :event_type, :event_type || ':' || s.dedupe_key, s.payload::jsonb, :occurred_at, :run_id
    FROM staged_events AS s
    ORDER BY s.dedupe_key
    ON CONFLICT (dedupe_key) DO NOTHING
    RETURNING event_id
)

SELECT count(*) AS events FROM recorded
