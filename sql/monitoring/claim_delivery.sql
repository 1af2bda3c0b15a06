-- Noted before the attempt is made: whoever dies in it leaves a wait and not a flood.
INSERT INTO operations.alert_deliveries (alert_id, channel, attempts, next_attempt_at)
VALUES (:alert_id, :channel, :attempts, :next_attempt_at)
ON CONFLICT (alert_id, channel) DO UPDATE SET
    attempts = excluded.attempts,
    next_attempt_at = excluded.next_attempt_at
