-- Tables with row level security, for each role it applies to that may be checked: the login, and owners of
-- views. Owners of the table are only where it is forced, superusers and BYPASSRLS never.
WITH view_owners AS (
    SELECT DISTINCT v.relowner FROM pg_class AS v
    WHERE v.relkind IN ('v', 'm')
),

roles AS (
    SELECT r.oid, r.rolname FROM pg_roles AS r
    LEFT JOIN view_owners AS v ON r.oid = v.relowner
    WHERE NOT r.rolsuper AND NOT r.rolbypassrls AND (r.rolname = current_user OR v.relowner IS NOT NULL)
)

SELECT
    c.oid::bigint AS relation_id,
    r.rolname::text AS checked_as,
    coalesce(bool_or(p.polpermissive AND p.condition = 'true'), FALSE) AS shows_every_row,
    coalesce(bool_or(NOT p.polpermissive AND p.condition <> 'true'), FALSE) AS is_restricted,
    coalesce(string_agg(p.polname || ' (' || p.condition || ')', ', ' ORDER BY p.polname), '') AS policies
FROM pg_class AS c
CROSS JOIN roles AS r
LEFT JOIN LATERAL (
    SELECT o.polname, o.polpermissive, coalesce(pg_get_expr(o.polqual, o.polrelid), 'true') AS condition
    FROM pg_policy AS o
    WHERE
        o.polrelid = c.oid AND o.polcmd IN ('r', '*')
        AND EXISTS (
            SELECT FROM unnest(o.polroles) AS named (role_id)
            WHERE named.role_id = 0 OR pg_has_role(r.oid, nullif(named.role_id, 0), 'USAGE')
        )
) AS p ON TRUE
WHERE c.relrowsecurity AND (c.relforcerowsecurity OR NOT pg_has_role(r.oid, c.relowner, 'USAGE'))
GROUP BY c.oid, r.rolname
