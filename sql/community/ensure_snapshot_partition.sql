-- $1: UTC day.
SELECT community.ensure_snapshot_partition($1)::text AS done
