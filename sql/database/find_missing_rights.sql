-- What the login lacks to install these schemas and to run, each with what an administrator runs. :schemas are those to come, :relations an app's.
WITH RECURSIVE roles AS (
    SELECT
        n.name,
        r.oid IS NOT NULL AS is_there,
        coalesce(pg_has_role(r.oid, 'USAGE'), FALSE) AS is_ours,
        coalesce(pg_has_role(r.oid, 'MEMBER WITH ADMIN OPTION'), FALSE) AS is_grantable
    FROM unnest(ARRAY['trc_owner', 'trc_app', 'trc_analyst']) AS n (name)
    LEFT JOIN pg_roles AS r ON n.name = r.rolname
),

login AS (
    SELECT
        rolcreaterole OR rolsuper AS makes_roles,
        current_setting('server_version_num')::integer AS version
    FROM pg_roles
    WHERE rolname = current_user
),

there AS (
    SELECT c.oid, c.relnamespace FROM pg_class AS c
    INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
    WHERE n.nspname || '.' || c.relname = any(:relations::text[])
),

-- What an app has put there, and what its views read, down to the tables.
reads AS (
    SELECT c.oid AS relation, current_user AS reader FROM pg_class AS c
    INNER JOIN there AS t ON c.oid = t.oid
    WHERE pg_get_userbyid(c.relowner) NOT IN ('trc_owner', 'trc_app', 'trc_analyst')
    UNION
    SELECT
        d.refobjid,
        CASE WHEN c.reloptions && ARRAY['security_invoker=true', 'security_invoker=on'] THEN v.reader ELSE pg_get_userbyid(c.relowner) END
    FROM reads AS v
    INNER JOIN pg_class AS c ON v.relation = c.oid AND c.relkind = 'v'
    INNER JOIN pg_rewrite AS w ON c.oid = w.ev_class
    INNER JOIN pg_depend AS d
        ON
            w.oid = d.objid AND c.oid <> d.refobjid
            AND d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass
),

-- Who migrates lets trc_owner read views of its own by itself.
unread AS (
    SELECT r.relation, r.reader FROM reads AS r
    UNION
    SELECT r.relation, 'trc_owner' FROM reads AS r
    INNER JOIN pg_class AS c ON r.relation = c.oid
    INNER JOIN there AS t ON c.oid = t.oid
    INNER JOIN roles AS o ON o.name = 'trc_owner' AND o.is_there
    WHERE r.reader = current_user AND NOT pg_has_role(c.relowner, 'USAGE')
)

SELECT
    format('PostgreSQL %s is older than 15', current_setting('server_version')) AS what,
    'use a server of version 15 or later' AS remedy
FROM login AS l
WHERE l.version < 150000
UNION ALL
SELECT
    format('%s may not create the schemas %s', current_user, array_to_string(:schemas::text[], ', ')),
    format('GRANT CREATE ON DATABASE %I TO %I', current_database(), current_user)
WHERE cardinality(:schemas::text[]) > 0 AND NOT has_database_privilege(current_database(), 'CREATE')
UNION ALL
SELECT
    format('the schema %s is there and belongs to %s', n.nspname, pg_get_userbyid(n.nspowner)),
    format('ALTER SCHEMA %I OWNER TO %I', n.nspname, current_user)
FROM pg_namespace AS n
WHERE n.nspname = any(:schemas::text[]) AND NOT pg_has_role(n.nspowner, 'USAGE')
UNION ALL
SELECT
    format('the role %s is missing, and %s may not create it', r.name, current_user),
    format('CREATE ROLE %I NOLOGIN', r.name)
FROM roles AS r
CROSS JOIN login AS l
WHERE NOT r.is_there AND NOT l.makes_roles
UNION ALL
SELECT
    format('%s is not a member of %s', current_user, r.name),
    format('GRANT %I TO %I', r.name, current_user) || CASE WHEN l.version >= 160000 THEN ' WITH INHERIT TRUE, SET TRUE' ELSE '' END
FROM roles AS r
CROSS JOIN login AS l
WHERE
    r.name = 'trc_owner' AND NOT r.is_ours
    AND NOT (r.is_grantable OR (l.makes_roles AND (l.version < 160000 OR NOT r.is_there)))
UNION ALL
SELECT
    format('%s may not use the schema %s', current_user, n.nspname),
    format('GRANT USAGE ON SCHEMA %I TO %I', n.nspname, current_user)
FROM pg_namespace AS n
WHERE n.oid IN (SELECT t.relnamespace FROM there AS t) AND NOT (pg_has_role(n.nspowner, 'USAGE') OR has_schema_privilege(n.oid, 'USAGE'))
UNION ALL
SELECT
    format('%s may not read %s', u.reader, u.relation::regclass),
    format('GRANT SELECT ON %s TO %I', u.relation::regclass, u.reader)
FROM unread AS u
WHERE NOT (has_table_privilege(u.reader, u.relation, 'SELECT') OR has_any_column_privilege(u.reader, u.relation, 'SELECT'))
