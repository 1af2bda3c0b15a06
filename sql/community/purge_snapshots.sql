-- Whole days of readings; what waits to be worked off or for a person stays. $1: none older.
SELECT community.drop_snapshot_partitions(($1::timestamptz AT TIME ZONE 'UTC')::date) AS removed
