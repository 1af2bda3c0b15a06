-- Columns of a table as the database describes them.
SELECT
    a.attname::text AS name,
    format_type(a.atttypid, a.atttypmod) AS type,
    coalesce(col_description(a.attrelid, a.attnum), '') AS description
FROM pg_attribute AS a
INNER JOIN pg_class AS c ON a.attrelid = c.oid
INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
WHERE n.nspname = :schema AND c.relname = :name AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
