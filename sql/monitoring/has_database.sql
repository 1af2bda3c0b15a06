-- Whether this server has a database of that name.
SELECT count(*) > 0 AS is_there FROM pg_database AS d
WHERE d.datname = :name
