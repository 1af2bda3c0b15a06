-- Readings of past days, a day at a time. What waits for its deltas or for a person stays.
SELECT community.drop_snapshot_partitions((:before::timestamptz AT TIME ZONE 'UTC')::date) AS removed
