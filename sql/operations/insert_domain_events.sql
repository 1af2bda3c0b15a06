-- Tell what has not been told. $1: event type, $2: logical time, $3: run id.
WITH told AS (
    INSERT INTO operations.domain_events (epoch, event_type, dedupe_key, payload, occurred_at, run_id)
    SELECT (SELECT operations.event_epoch()), $1, $1 || ':' || s.dedupe_key, s.payload::jsonb, $2, $3
    FROM staged_events AS s
    ORDER BY s.dedupe_key
    ON CONFLICT (dedupe_key) DO NOTHING
    RETURNING event_id
)

SELECT count(*) AS events FROM told
