-- Notify users, each once of the same thing.
-- Staged: staged_notifications(user_id, type, data, dedupe_key)
SELECT count(*) AS notifications
FROM betting.notify(
    (
        SELECT
            array_agg(
                row(s.user_id, s.type, s.data, s.dedupe_key)::betting.notification
                ORDER BY s.user_id, s.dedupe_key
            )
        FROM staged_notifications AS s
    ),
    :as_of
)
