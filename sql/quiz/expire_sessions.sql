-- End sessions whose time is up, the longest overdue first. A last answer that commits first is waited
-- for, and then the session is no longer active. $1: logical time, $2: when one without a deadline that is
-- due now began, $3: most rows.
WITH due AS (
    SELECT s.id
    FROM quiz.quiz_sessions AS s
    WHERE s.status = 'active' AND (s.expires_at <= $1 OR (s.expires_at IS NULL AND s.started_at <= $2))
    ORDER BY coalesce(s.expires_at, s.started_at + ($1 - $2)), s.id
    LIMIT $3
)

UPDATE quiz.quiz_sessions AS s SET status = 'expired', completed_at = $1
FROM due AS d
WHERE
    s.id = d.id
    AND s.status = 'active' AND (s.expires_at <= $1 OR (s.expires_at IS NULL AND s.started_at <= $2))
RETURNING s.id::text AS session_id, s.user_id::text AS user_id
