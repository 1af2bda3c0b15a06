-- Every UTC day of readings has a partition.
SELECT community.ensure_snapshot_partition(:day)::text AS done
