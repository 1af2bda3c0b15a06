-- Their columns, with the words of an enum and the type behind a domain.
SELECT
    a.attrelid::bigint AS relation_id,
    a.attname::text AS name,
    format_type(coalesce(nullif(t.typbasetype, 0), t.oid), NULL) AS base_type,
    format_type(a.atttypid, a.atttypmod) AS full_type,
    a.attnotnull AS is_not_null,
    array_position(k.conkey, a.attnum) IS NOT NULL AS is_key,
    col_description(a.attrelid, a.attnum) AS description,
    has_column_privilege(a.attrelid, a.attnum, 'SELECT') AS can_read,
    pg_column_is_updatable(a.attrelid, a.attnum, FALSE) AS is_updatable,
    array(
        SELECT e.enumlabel::text FROM pg_enum AS e
        WHERE e.enumtypid = t.oid
        ORDER BY e.enumsortorder
    ) AS words
FROM pg_attribute AS a
INNER JOIN pg_class AS c ON a.attrelid = c.oid
INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
INNER JOIN pg_type AS t ON a.atttypid = t.oid
LEFT JOIN pg_constraint AS k ON c.oid = k.conrelid AND k.contype = 'p'
WHERE
    a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\_toast%'
    AND n.nspname NOT LIKE 'pg\_temp\_%' AND NOT c.relispartition
ORDER BY a.attrelid, a.attnum
