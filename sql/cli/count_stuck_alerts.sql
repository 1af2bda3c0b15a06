-- Alerts that a channel has not taken for a quarter of an hour, or that nobody has tried to send.
-- $1: now, $2: whether there is a channel for people, $3: whether there is one for everything.
SELECT count(*) AS stuck
FROM operations.alerts AS a
WHERE
    a.created_at < $1 - interval '15 minutes' AND a.created_at > $1 - interval '3 days'
    AND (
        EXISTS (
            SELECT 1 FROM operations.alert_deliveries AS d
            WHERE d.alert_id = a.alert_id AND d.delivered_at IS NULL AND d.next_attempt_at > $1 - interval '2 hours'
        )
        OR (
            NOT EXISTS (
                SELECT 1 FROM operations.alert_deliveries AS d
                WHERE d.alert_id = a.alert_id
            )
            AND ($3 OR ($2 AND a.is_for_people))
        )
    )
