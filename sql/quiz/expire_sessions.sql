-- End sessions whose time is up, the longest overdue first. A last answer that commits first is waited for,
-- and then the session is no longer active (optimistic concurrency): it comes back without its player. One
-- without a deadline is due when it began at :began_until or before.
WITH due AS MATERIALIZED (
    SELECT s.id AS session_id, s.started_at, s.expires_at
    FROM quiz.quiz_sessions AS s
    WHERE s.status = 'active' AND (s.expires_at <= :as_of OR (s.expires_at IS NULL AND s.started_at <= :began_until))
    ORDER BY coalesce(s.expires_at, s.started_at + (:as_of - :began_until)), s.id
    LIMIT :most
),

ended AS MATERIALIZED (
    SELECT p.session_id, p.user_id
    FROM quiz.expire_sessions(
        (
            SELECT array_agg(row(d.session_id, d.started_at, d.expires_at)::quiz.overdue_session ORDER BY d.session_id)
            FROM due AS d
        ),
        :as_of
    ) AS p
)

SELECT d.session_id, e.user_id
FROM due AS d
LEFT JOIN ended AS e ON d.session_id = e.session_id
