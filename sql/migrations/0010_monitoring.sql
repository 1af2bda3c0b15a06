-- Monitoring: failed checks, heartbeats, skips.
SELECT 1;
