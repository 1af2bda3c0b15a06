-- Notify users, each once of the same thing.
-- Staged: staged_notifications(user_id, type, data, dedupe_key)
WITH written AS (
    INSERT INTO betting.notifications (user_id, type, data, created_at, dedupe_key)
    SELECT s.user_id, s.type, s.data::jsonb, :as_of, s.dedupe_key
    FROM staged_notifications AS s
    ORDER BY s.user_id, s.dedupe_key
    ON CONFLICT (user_id, dedupe_key) DO NOTHING
    RETURNING 1
)

SELECT count(*) AS notifications FROM written
