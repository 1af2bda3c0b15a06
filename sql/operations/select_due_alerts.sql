-- Alerts a channel has not taken yet and may be tried with now, oldest first.
-- $1: channel, $2: only those for people, $3: none older, $4: now, $5: at most so many.
SELECT
    a.alert_id,
    a.severity,
    a.title,
    a.body,
    a.tags,
    a.failures,
    coalesce(d.attempts, 0) AS attempts
FROM operations.alerts AS a
LEFT JOIN operations.alert_deliveries AS d ON a.alert_id = d.alert_id AND d.channel = $1
WHERE
    a.created_at > $3
    AND (a.is_for_people OR NOT $2)
    AND (d.alert_id IS NULL OR (d.delivered_at IS NULL AND d.next_attempt_at <= $4))
ORDER BY a.alert_id
LIMIT $5
