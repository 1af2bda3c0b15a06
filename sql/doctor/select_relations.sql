-- Every relation of the database, ours and the apps': a view leads from ours to theirs.
SELECT
    c.oid::bigint AS relation_id,
    n.nspname::text AS schema_name,
    c.relname::text AS relation_name,
    c.relkind::text AS kind,
    pg_get_userbyid(c.relowner)::text AS owner,
    pg_get_userbyid(n.nspowner)::text AS schema_owner,
    -- Never analysed, its size says about how many rows there are.
    CASE WHEN c.reltuples >= 0 THEN c.reltuples::bigint ELSE pg_relation_size(c.oid) / 100 END AS rows_about,
    CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END AS definition,
    array_to_string(c.reloptions, ', ') AS options,
    obj_description(c.oid, 'pg_class') AS description,
    has_schema_privilege(n.oid, 'USAGE') AS can_use_schema,
    -- INSERT and DELETE, without the help of a trigger.
    pg_relation_is_updatable(c.oid, FALSE) & 24 = 24 AS takes_rows,
    array(
        SELECT pg_get_triggerdef(t.oid) FROM pg_trigger AS t
        WHERE t.tgrelid = c.oid AND NOT t.tgisinternal
        ORDER BY t.tgname
    ) AS triggers,
    array(
        SELECT
            format(
                'GRANT %s ON %s TO %s',
                a.privilege_type,
                c.oid::regclass,
                CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END
            )
        FROM aclexplode(c.relacl) AS a (grantor, grantee, privilege_type, is_grantable)
        WHERE a.grantee <> c.relowner
    ) AS grants
FROM pg_class AS c
INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
WHERE
    c.relkind IN ('r', 'p', 'v', 'm', 'f')
    AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\_toast%'
    AND n.nspname NOT LIKE 'pg\_temp\_%' AND NOT c.relispartition
