-- Whether an adapter has a function of this name, as schema.function.
SELECT count(*) > 0 AS has_port
FROM pg_proc AS p
INNER JOIN pg_namespace AS n ON p.pronamespace = n.oid
WHERE n.nspname || '.' || p.proname = :port
