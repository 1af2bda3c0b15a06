-- What views read, column by column, and whether whom the server checks there may: a view's owner, or with
-- security_invoker whoever reads it.
WITH asking_the_login AS (
    SELECT v.oid FROM pg_class AS v
    CROSS JOIN LATERAL pg_options_to_table(v.reloptions) AS o
    WHERE o.option_name = 'security_invoker' AND o.option_value::boolean
),

checked AS (
    SELECT
        v.oid AS view_id,
        CASE WHEN a.oid IS NULL THEN v.relowner ELSE l.oid END AS role_id
    FROM pg_class AS v
    INNER JOIN pg_roles AS l ON l.rolname = current_user
    LEFT JOIN asking_the_login AS a ON v.oid = a.oid
    WHERE v.relkind IN ('v', 'm')
)

SELECT DISTINCT
    v.view_id::bigint AS view_id,
    d.refobjid::bigint AS relation_id,
    a.attname::text AS column_name,
    pg_get_userbyid(v.role_id)::text AS checked_as,
    CASE
        WHEN a.attname IS NULL THEN has_any_column_privilege(v.role_id, d.refobjid, 'SELECT')
        ELSE has_column_privilege(v.role_id, d.refobjid, a.attnum, 'SELECT')
    END AS can_read
FROM checked AS v
INNER JOIN pg_rewrite AS r ON v.view_id = r.ev_class
INNER JOIN pg_depend AS d
    ON
        r.oid = d.objid AND d.classid = 'pg_catalog.pg_rewrite'::regclass
        AND v.view_id <> d.refobjid AND d.refclassid = 'pg_catalog.pg_class'::regclass
INNER JOIN pg_class AS c ON d.refobjid = c.oid
LEFT JOIN pg_attribute AS a ON d.refobjid = a.attrelid AND d.refobjsubid = a.attnum AND a.attnum > 0
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relnamespace <> 'pg_catalog'::regnamespace
