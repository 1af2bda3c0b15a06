-- Tables with row level security, for each command (r, a, w, d: to read, insert, update, delete) and each role it
-- applies to that may be checked: the login, owners of views, and whom the functions :ports act as. Owners of the
-- table are only where it is forced, superusers and BYPASSRLS never.
WITH port_roles AS (
    SELECT CASE WHEN p.prosecdef THEN p.proowner ELSE r.oid END AS role_id
    FROM pg_proc AS p
    INNER JOIN pg_namespace AS n ON p.pronamespace = n.oid
    LEFT JOIN pg_roles AS r ON 'role=' || r.rolname = any(p.proconfig)
    WHERE n.nspname || '.' || p.proname IN (SELECT json_array_elements_text(:ports::json))
),

roles AS (
    SELECT r.oid, r.rolname FROM pg_roles AS r
    WHERE
        NOT r.rolsuper AND NOT r.rolbypassrls
        AND (
            r.rolname = current_user
            OR r.oid IN (SELECT o.role_id FROM port_roles AS o)
            OR r.oid IN (
                SELECT v.relowner FROM pg_class AS v
                WHERE v.relkind IN ('v', 'm')
            )
        )
),

policies AS (
    SELECT
        o.*,
        coalesce(pg_get_expr(o.polqual, o.polrelid), 'true') AS seen,
        coalesce(pg_get_expr(o.polwithcheck, o.polrelid), pg_get_expr(o.polqual, o.polrelid), 'true') AS written
    FROM pg_policy AS o
)

SELECT
    c.oid::bigint AS relation_id,
    r.rolname::text AS checked_as,
    m.command,
    coalesce(bool_or(p.polpermissive AND p.condition = 'true'), FALSE) AS is_whole,
    coalesce(bool_or(NOT p.polpermissive AND p.condition <> 'true'), FALSE) AS is_restricted,
    coalesce(string_agg(p.polname || ' (' || p.condition || ')', ', ' ORDER BY p.polname), '') AS policies
FROM pg_class AS c
CROSS JOIN roles AS r
CROSS JOIN unnest(ARRAY['r', 'a', 'w', 'd']) AS m (command)
LEFT JOIN LATERAL (
    SELECT
        o.polname,
        o.polpermissive,
        CASE
            WHEN m.command IN ('r', 'd') OR (m.command = 'w' AND o.seen <> 'true') THEN o.seen
            ELSE o.written
        END AS condition
    FROM policies AS o
    WHERE
        o.polrelid = c.oid AND o.polcmd::text IN (m.command, '*')
        AND EXISTS (
            SELECT FROM unnest(o.polroles) AS named (role_id)
            WHERE named.role_id = 0 OR pg_has_role(r.oid, nullif(named.role_id, 0), 'USAGE')
        )
) AS p ON TRUE
WHERE c.relrowsecurity AND (c.relforcerowsecurity OR NOT pg_has_role(r.oid, c.relowner, 'USAGE'))
GROUP BY c.oid, r.rolname, m.command
