-- Whether this server has a database of that name: without one Dagster has kept nothing to purge.
SELECT count(*) > 0 AS is_there FROM pg_database AS d
WHERE d.datname = :name
