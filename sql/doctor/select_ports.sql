-- The functions through which jobs write, with what they do.
SELECT
    n.nspname || '.' || p.proname AS port,
    p.prosrc AS body
FROM pg_proc AS p
INNER JOIN pg_namespace AS n ON p.pronamespace = n.oid
WHERE n.nspname || '.' || p.proname IN (SELECT json_array_elements_text(:ports::json))
