-- End sessions whose time is up, the longest overdue first. A last answer that commits first is waited for,
-- and then the session is no longer active (optimistic concurrency): it comes back without its player. One
-- without a deadline is due when it began at :began_until or before.
WITH due AS (
    SELECT s.id
    FROM quiz.quiz_sessions AS s
    WHERE s.status = 'active' AND (s.expires_at <= :as_of OR (s.expires_at IS NULL AND s.started_at <= :began_until))
    ORDER BY coalesce(s.expires_at, s.started_at + (:as_of - :began_until)), s.id
    LIMIT :most
),

ended AS (
    UPDATE quiz.quiz_sessions AS s SET status = 'expired', completed_at = :as_of
    FROM due AS d
    WHERE
        s.id = d.id
        AND s.status = 'active' AND (s.expires_at <= :as_of OR (s.expires_at IS NULL AND s.started_at <= :began_until))
    RETURNING s.id, s.user_id
)

SELECT d.id AS session_id, e.user_id
FROM due AS d
LEFT JOIN ended AS e ON d.id = e.id
