-- Whole days of readings; what waits to be worked off or for a person stays.
SELECT community.drop_snapshot_partitions((:before::timestamptz AT TIME ZONE 'UTC')::date) AS removed
