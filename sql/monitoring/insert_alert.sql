-- An alert is queued once by its key, and delivered later: no job waits for a channel.
INSERT INTO operations.alerts (
    dedupe_key, severity, title, body, tags, is_for_people, failures, is_for_community, image, created_at
)
VALUES (
    :dedupe_key, :severity, :title, :body, :tags::jsonb, :is_for_people, :failures::jsonb, :is_for_community,
    :image::bytea, :now
)
ON CONFLICT (dedupe_key) DO NOTHING
