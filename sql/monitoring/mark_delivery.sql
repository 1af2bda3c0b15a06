-- How an attempt ended: delivered, or why not and when it may be tried again.
UPDATE operations.alert_deliveries
SET delivered_at = :delivered_at, next_attempt_at = :next_attempt_at, error = :error
WHERE alert_id = :alert_id AND channel = :channel
