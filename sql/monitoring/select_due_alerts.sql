-- Alerts a channel has not taken yet and may be tried with now, oldest first.
SELECT
    a.alert_id,
    a.severity,
    a.title,
    a.body,
    a.tags,
    a.failures,
    a.image,
    coalesce(d.attempts, 0) AS attempts
FROM operations.alerts AS a
LEFT JOIN operations.alert_deliveries AS d ON a.alert_id = d.alert_id AND d.channel = :channel
WHERE
    a.created_at > :since
    AND a.is_for_community = :is_for_community
    AND (a.is_for_people OR NOT :only_for_people)
    AND (d.alert_id IS NULL OR (d.delivered_at IS NULL AND d.next_attempt_at <= :now))
ORDER BY a.alert_id
LIMIT :most
