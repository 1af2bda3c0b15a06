-- Noted before the attempt is made. $1: alert, $2: channel, $3: attempts, $4: not again before.
INSERT INTO operations.alert_deliveries (alert_id, channel, attempts, next_attempt_at)
VALUES ($1, $2, $3, $4)
ON CONFLICT (alert_id, channel) DO UPDATE SET
    attempts = excluded.attempts,
    next_attempt_at = excluded.next_attempt_at
