"""Who may do what in our schemas: all that is granted, and how each right is tried."""

from typing import NamedTuple

from trc_pipelines_tests.catalogue import CATALOGUE

ALL = "all of them"
OF_APPS = "those of apps"
# All that anybody but the owner was given. What is not here is refused: to the roles, and to everybody else.
ACCEPTED = [
    ("trc_app", "schema", ALL, {"USAGE"}),
    ("trc_app", "relation", ALL, {"SELECT"}),
    ("trc_app", "relation", OF_APPS, {"INSERT", "UPDATE", "DELETE"}),
    ("trc_app", "function", "operations.take_domain_events(text,integer)", {"EXECUTE"}),
    ("trc_analyst", "schema", ALL, {"USAGE"}),
    ("trc_analyst", "relation", ALL, {"SELECT"}),
    # Views call these as whoever reads them.
    *(
        (role, "function", signature, {"EXECUTE"})
        for role in ("trc_app", "trc_analyst")
        for signature in ("operations.shown_name(text)", "community.compare_ranks(date,text)")
    ),
    ("trc_app", "function", "community.join_arrays(anycompatiblearray)", {"EXECUTE"}),
]
APP_TABLES = {relation.table for relation in CATALOGUE.app_relations}


class Right(NamedTuple):
    """One thing that somebody may do with one object."""

    role: str
    kind: str
    name: str
    privilege: str


def is_accepted(right: Right) -> bool:
    return any(
        (right.role, right.kind) == (role, kind)
        and (which in (ALL, right.name) or (which == OF_APPS and right.name in APP_TABLES))
        and right.privilege in privileges
        for role, kind, which, privileges in ACCEPTED
    )


# Parts of a statement that others stand on: what there is in schemas of ours.
OURS = """\
WITH ours AS (
    SELECT n.oid, n.nspname, n.nspowner, n.nspacl FROM pg_namespace AS n
    WHERE n.nspname IN (SELECT m.schema_name FROM operations.migrations AS m)
),
things AS (
    SELECT 'schema' AS kind, o.nspname::text AS name, o.nspowner AS owner, o.nspacl AS acl, 'n' AS default_of
    FROM ours AS o
    UNION ALL
    SELECT
        CASE c.relkind WHEN 'S' THEN 'sequence' ELSE 'relation' END, c.oid::regclass::text, c.relowner,
        c.relacl, CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END
    FROM pg_class AS c INNER JOIN ours AS o ON c.relnamespace = o.oid
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    UNION ALL
    SELECT 'function', p.oid::regprocedure::text, p.proowner, p.proacl, 'f'
    FROM pg_proc AS p INNER JOIN ours AS o ON p.pronamespace = o.oid
)
"""
OWNERS = f"{OURS} SELECT t.kind, t.name, t.owner::regrole::text FROM things AS t"
# Also what stands in a column, and what would be granted with whatever is made next.
GRANTS = f"""{OURS},
lists AS (
    SELECT t.kind, t.name, t.owner, coalesce(t.acl, acldefault(t.default_of::"char", t.owner)) AS acl
    FROM things AS t
    UNION ALL
    SELECT 'column', format('%s.%I', c.oid::regclass, a.attname), c.relowner, a.attacl
    FROM pg_attribute AS a
    INNER JOIN pg_class AS c ON a.attrelid = c.oid
    INNER JOIN ours AS o ON c.relnamespace = o.oid
    UNION ALL
    SELECT
        'default', format('%s in %s', d.defaclobjtype, d.defaclnamespace::regnamespace), d.defaclrole,
        d.defaclacl
    FROM pg_default_acl AS d
)
SELECT
    CASE WHEN g.grantee = 0 THEN 'PUBLIC' ELSE g.grantee::regrole::text END,
    l.kind, l.name, g.privilege_type || CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
FROM lists AS l CROSS JOIN aclexplode(l.acl) AS g
WHERE g.grantee <> l.owner"""

# Statements that do what the right is for, if it is there. `{0}` is the object.
TRIED = {
    "schema": {"CREATE": "CREATE TABLE {0}.planted ()"},
    "relation": {
        "SELECT": "SELECT 1 FROM {0} LIMIT 0",
        "INSERT": "INSERT INTO {0} DEFAULT VALUES",
        "UPDATE": "UPDATE {0} SET {1} = DEFAULT WHERE FALSE",
        "DELETE": "DELETE FROM {0} WHERE FALSE",
        "TRUNCATE": "TRUNCATE {0}",
        "TRIGGER": "CREATE TRIGGER planted BEFORE UPDATE ON {0} FOR EACH ROW "
        "EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "to switch off its triggers": "ALTER TABLE {0} DISABLE TRIGGER USER",
        "to rename it": "ALTER TABLE {0} RENAME TO planted",
        "to be its owner": "ALTER TABLE {0} OWNER TO CURRENT_USER",
    },
    "sequence": {
        "SELECT": "SELECT last_value FROM {0}",
        "USAGE": "SELECT nextval('{0}')",
        "UPDATE": "SELECT setval('{0}', 1, FALSE)",
    },
    "function": {"EXECUTE": "SELECT {1}"},
}
# A right comes with the first column of a table, and with the types of what a function takes.
THINGS = rf"""{OURS}
SELECT t.kind, t.name, CASE t.kind
    WHEN 'relation' THEN (
        SELECT quote_ident(a.attname) FROM pg_attribute AS a
        WHERE a.attrelid = to_regclass(t.name) AND a.attnum > 0 AND NOT a.attisdropped
        ORDER BY a.attnum LIMIT 1
    )
    WHEN 'function' THEN (
        SELECT p.oid::regproc || '(' || coalesce(string_agg(
            -- Read, not written: of a strict function that is called with NULL nobody is asked.
            '(SELECT NULL::' || regexp_replace(format_type(u.type, NULL), '^any\w*array$', 'text[]') || ')',
            ', ' ORDER BY u.place
        ), '') || ')'
        FROM pg_proc AS p LEFT JOIN unnest(p.proargtypes) WITH ORDINALITY AS u (type, place) ON TRUE
        WHERE p.oid = to_regprocedure(t.name) GROUP BY p.oid
    )
END
FROM things AS t"""
# What is nobody's, not even of those who own our tables: to become somebody else, or to leave the database.
NOBODYS = [
    "SET ROLE pg_database_owner",
    "SET session_replication_role = replica",
    "CREATE ROLE planted",
    "ALTER ROLE CURRENT_USER SUPERUSER",
    "GRANT pg_write_all_data TO CURRENT_USER",
    "CREATE SCHEMA planted",
    "CREATE TABLE public.planted ()",
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "COPY (SELECT 1) TO '/planted'",
    "SELECT pg_read_file('PG_VERSION')",
    "SELECT pg_stat_file('PG_VERSION')",
    "SELECT lo_import('/planted')",
    "SELECT pg_reload_conf()",
    "SELECT rolpassword FROM pg_authid LIMIT 0",
    "CREATE FUNCTION pg_temp.planted() RETURNS void LANGUAGE c AS 'planted'",
    "UPDATE pg_class SET relowner = relowner WHERE FALSE",
]

DONE, DENIED = "TRC01", "42501"
# Of a view that cannot be written to, whoever asks.
IMPOSSIBLE = {"55000", "42809", "428C9"}
# Each is tried for itself, and undone: SQLSTATE says how it ended, in the order in which they came.
TRY_EACH = f"""\
DO $$
DECLARE
    attempt text;
    outcomes text[] := '{{}}';
BEGIN
    FOR attempt IN
        SELECT a.value FROM jsonb_array_elements_text(current_setting('trc.attempts')::jsonb) AS a
    LOOP
        BEGIN
            EXECUTE attempt;
            RAISE EXCEPTION USING ERRCODE = '{DONE}';
        EXCEPTION
            WHEN OTHERS THEN outcomes := outcomes || SQLSTATE;
        END;
    END LOOP;
    PERFORM set_config('trc.outcomes', to_jsonb(outcomes)::text, TRUE);
END
$$"""
