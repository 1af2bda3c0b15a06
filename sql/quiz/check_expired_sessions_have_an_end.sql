-- A session that expired ended at its deadline or later, and not before it began.
SELECT s.id AS session_id, s.started_at, s.expires_at, s.completed_at
FROM quiz.quiz_sessions AS s
WHERE
    s.status = 'expired'
    AND (s.completed_at IS NULL OR s.completed_at < coalesce(s.expires_at, s.started_at + interval '10 minutes'))
ORDER BY s.id
