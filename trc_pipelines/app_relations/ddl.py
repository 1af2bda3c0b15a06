"""Tables of ours in an app's place, as SQL: for who has no app, for the demo and for tests."""

from collections.abc import Sequence

from trc_pipelines.app_relations.declarations import AppRelation, Column

_HEAD = """\
-- What the {domain} jobs need of an app, as tables of ours: for who has no app. Nothing that exists is
-- touched. Made by `make contract` from trc_pipelines/{domain}/relations.py: change it there.

CREATE SCHEMA IF NOT EXISTS {domain};

DO $$
DECLARE
    wanted text[] := ARRAY[{names}];
    missing text;
BEGIN
-- A domain with a view belongs to an app. What is missing there was forgotten: an empty table in its place
-- would let every job succeed on nothing.
IF EXISTS (
    SELECT 1 FROM pg_class
    WHERE relnamespace = '{domain}'::regnamespace AND relname = ANY(wanted) AND relkind NOT IN ('r', 'p')
) THEN
    SELECT string_agg('{domain}.' || name, ', ') INTO missing FROM unnest(wanted) AS name
    WHERE to_regclass('{domain}.' || name) IS NULL;
    IF missing IS NOT NULL THEN
        RAISE EXCEPTION 'the {domain} app has views, and none in place of %: was it forgotten?', missing
        USING HINT = 'trc doctor prints a view to fill in, and an empty table if the app has no such thing.';
    END IF;
END IF;
"""
_TAIL = """\
END
$$;
"""


def write_ddl(domain: str, relations: Sequence[AppRelation]) -> str:
    """Write the statements that create a domain's relations where the app has none of them."""
    names = ", ".join(quote(relation.name) for relation in relations if relation.is_needed)
    return "\n".join(
        [
            _HEAD.format(domain=domain, names=names),
            *[_create(relation) for relation in relations],
            _TAIL,
        ]
    )


def write_table(relation: AppRelation) -> str:
    """Write the statements that create one relation as a table of ours."""
    lines = [_write_column(relation, column) for column in relation.columns]
    if len(relation.key) > 1:
        key = ", ".join(relation.key)
        lines.append(f"    CONSTRAINT {relation.name}_pkey PRIMARY KEY ({key})")
    for name, columns in relation.unique.items():
        lines.append(f"    CONSTRAINT {name} UNIQUE ({', '.join(columns)})")
    for name, condition in relation.checks.items():
        lines.append(f"    CONSTRAINT {name} CHECK ({condition})")
    comments = [
        f"COMMENT ON COLUMN {relation.table}.{column.name} IS {quote(column.meaning)};"
        for column in relation.columns
    ]
    indexes = [
        f"CREATE INDEX {index.name} ON {relation.table} {index.definition};"
        for index in relation.indexes
    ]
    return "\n".join(
        [
            f"CREATE TABLE {relation.table} (",
            ",\n".join(lines),
            ");",
            f"COMMENT ON TABLE {relation.table} IS {quote(relation.description)};",
            *comments,
            *indexes,
        ]
    )


def quote(text: str) -> str:
    """Quote a text as SQL does."""
    doubled = text.replace("'", "''")
    return f"'{doubled}'"


def _create(relation: AppRelation) -> str:
    return f"IF to_regclass('{relation.table}') IS NULL THEN\n{write_table(relation)}\nEND IF;\n"


def _write_column(relation: AppRelation, column: Column) -> str:
    parts = [f"    {column.name} {column.type}"]
    if list(relation.key) == [column.name]:
        parts.append(f"CONSTRAINT {relation.name}_pkey PRIMARY KEY")
    elif not column.is_nullable:
        parts.append("NOT NULL")
    if column.default:
        parts.append(f"DEFAULT {column.default}")
    accepted = ", ".join(quote(value) for value in column.values)
    condition = f"{column.name} IN ({accepted})" if accepted else column.check
    if condition:
        parts.append(f"CONSTRAINT {relation.name}_{column.name}_check CHECK ({condition})")
    return " ".join(parts)
