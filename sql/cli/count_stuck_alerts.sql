-- Alerts that a channel has not taken for a quarter of an hour, or that nobody has tried to send. There is a
-- channel that :is_for_people, one that :is_for_everything.
SELECT count(*) AS stuck
FROM operations.alerts AS a
WHERE
    a.created_at < :now - interval '15 minutes' AND a.created_at > :now - interval '3 days'
    AND (
        EXISTS (
            SELECT 1 FROM operations.alert_deliveries AS d
            WHERE d.alert_id = a.alert_id AND d.delivered_at IS NULL AND d.next_attempt_at > :now - interval '2 hours'
        )
        OR (
            NOT EXISTS (
                SELECT 1 FROM operations.alert_deliveries AS d
                WHERE d.alert_id = a.alert_id
            )
            AND (:is_for_everything OR (:is_for_people AND a.is_for_people))
        )
    )
