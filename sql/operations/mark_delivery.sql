-- $1: alert, $2: channel, $3: delivered at, $4: not again before, $5: why not.
UPDATE operations.alert_deliveries
SET delivered_at = $3, next_attempt_at = $4, error = $5
WHERE alert_id = $1 AND channel = $2
