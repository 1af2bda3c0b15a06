-- Whether this server has a database of that name. $1: name.
SELECT EXISTS (SELECT 1 FROM pg_database AS d WHERE d.datname = $1) AS is_there
