-- What is told once, by its key, and delivered by whoever has time.
INSERT INTO operations.alerts (dedupe_key, severity, title, body, tags, is_for_people, failures, created_at)
VALUES (:dedupe_key, :severity, :title, :body, :tags::jsonb, :is_for_people, :failures::jsonb, :now)
ON CONFLICT (dedupe_key) DO NOTHING
