-- What each index begins with, a column or an expression.
SELECT
    i.indrelid::bigint AS relation_id,
    pg_get_indexdef(i.indexrelid, 1, TRUE) AS begins_with
FROM pg_index AS i
INNER JOIN pg_class AS c ON i.indrelid = c.oid
INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
WHERE i.indisvalid AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\_toast%'
