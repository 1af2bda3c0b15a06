-- End sessions whose time is up, the longest overdue first. A last answer that commits first is waited
-- for, and then the session is no longer active: it comes back without its player. $1: logical time,
-- $2: when one without a deadline that is due now began, $3: most rows.
WITH due AS (
    SELECT s.id
    FROM quiz.quiz_sessions AS s
    WHERE s.status = 'active' AND (s.expires_at <= $1 OR (s.expires_at IS NULL AND s.started_at <= $2))
    ORDER BY coalesce(s.expires_at, s.started_at + ($1 - $2)), s.id
    LIMIT $3
),

ended AS (
    UPDATE quiz.quiz_sessions AS s SET status = 'expired', completed_at = $1
    FROM due AS d
    WHERE
        s.id = d.id
        AND s.status = 'active' AND (s.expires_at <= $1 OR (s.expires_at IS NULL AND s.started_at <= $2))
    RETURNING s.id, s.user_id
)

SELECT d.id::text AS session_id, e.user_id::text AS user_id
FROM due AS d
LEFT JOIN ended AS e ON d.id = e.id
