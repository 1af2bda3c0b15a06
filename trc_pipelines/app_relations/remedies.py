"""The SQL that mends what was found: the view as it should be, or the changes of a table."""

import re
from collections.abc import Collection, Mapping
from dataclasses import replace

from trc_pipelines.app_relations.casts import (
    cast,
    enclose,
    fits,
    map_words,
    write_mapping,
)
from trc_pipelines.app_relations.ddl import quote, write_table
from trc_pipelines.app_relations.declarations import AppRelation, Column
from trc_pipelines.app_relations.found import (
    TEXTS,
    Found,
    FoundColumn,
    FoundRelation,
    quote_name,
    unquote_name,
)
from trc_pipelines.app_relations.probes import Counts

# What a table of ours fills in and a view may as well: not a new id or another time at each reading.
_CONSTANT = re.compile(r"'[^']*'|-?\d+|TRUE|FALSE")
# With these a view can be replaced as it stands, because a value of that type keeps it.
_KEPT_TYPES = (
    "text", "integer", "bigint", "boolean", "timestamp with time zone", "jsonb",
)  # fmt: skip
# What the description of an empty table says that was left so on purpose.
NONE_IN_THE_APP = "The app has none."
_UNSTABLE = re.compile(
    r"\b(row_number|rank|dense_rank|random|gen_random_uuid|uuid_generate_v\d\w*|nextval"
    r"|clock_timestamp)\b\(",
)


def mend(declared: AppRelation, relation: FoundRelation, found: Found, counts: Counts) -> str:
    """Write what mends everything about a relation's columns and values at once."""
    if relation.is_view:
        return _mend_view(declared, relation, found, counts)
    return _mend_table(declared, relation, found, counts)


def is_unstable(relation: FoundRelation, column: str) -> bool:
    """Say whether a view makes a column up at each reading."""
    select = relation.select
    if select is None:
        return bool(_UNSTABLE.search(relation.definition or ""))
    expression = select.expressions[column]
    if _UNSTABLE.search(expression):
        return True
    return _made_up_inside(expression).search(select.rest) is not None


def _made_up_inside(expression: str) -> re.Pattern[str]:
    """Match what a query inside makes up under the name that an expression has."""
    name = re.escape(expression.split("::")[0].split(".")[-1].strip('"()'))
    return re.compile(rf"{_UNSTABLE.pattern}[^,]*?(\([^()]*\))?[^,()]*?(?= AS \"?{name}\"?\b)")


def write_template(
    declared: AppRelation, found: Found | None = None, source: FoundRelation | None = None
) -> str:
    """Write a view to fill in, or over a table of an app that seems to be the same thing."""
    lines = []
    needed = [c for c in declared.columns if c.is_needed or source is None]
    for number, column in enumerate(needed):
        comma = "," if number < len(needed) - 1 else ""
        if source is None:
            value = f"<{column.name}>::{column.plain_type}"
        else:
            value = _take(column, source, found, "a.") or f"NULL::{column.plain_type}"
        notes = [column.meaning]
        if not column.is_nullable:
            notes.append("Not NULL.")
        if column.values:
            notes.append(f"One of {', '.join(column.values)}.")
        if not column.is_needed:
            notes.append("May be left out.")
        if source is not None and value.startswith("NULL::"):
            notes.insert(0, "PUT IN WHAT THE APP HAS:")
        lines.append(f"    {value} AS {column.name}{comma}  -- {' '.join(notes)}")
    origin = source.quoted if source else "<schema.table of the app>"
    return "\n".join(
        [
            f"-- {declared.description}",
            f"CREATE VIEW {declared.table} AS",
            "SELECT",
            *lines,
            f"FROM {origin} AS a;",
            *([f"GRANT SELECT ON {declared.table} TO {quote_name(found.login)};"] if found else []),
        ]
    )


def find_source(
    declared: AppRelation, found: Found, schemas_of_ours: Collection[str]
) -> FoundRelation | None:
    """Find the app's table that seems to be a relation: by its name, else the one with such columns."""
    of_apps = [each for each in found.relations.values() if each.schema_name not in schemas_of_ours]

    def likeness(each: FoundRelation) -> int:
        return sum(_find_alike(column, each) is not None for column in declared.columns)

    named = [
        each for each in of_apps if plain_name(each.relation_name) == plain_name(declared.name)
    ]
    # Fewer columns many tables have: an id, a user, a time.
    alike = [each for each in of_apps if likeness(each) == len(declared.columns) > 2]
    return max(named or alike, key=likeness, default=None)


def create_missing(
    declared: AppRelation, found: Found, schemas_of_ours: Collection[str]
) -> tuple[str, FoundRelation | None]:
    """Write the view that is missing, or without anything to make it from the empty table of ours."""
    source = find_source(declared, found, schemas_of_ours)
    if source is None:
        grant = f"GRANT SELECT, INSERT, UPDATE, DELETE ON {declared.table} TO {quote_name(found.login)};"
        described = replace(declared, description=f"{NONE_IN_THE_APP} {declared.description}")
        return f"{write_table(described)}\n{grant}", None
    return write_template(declared, found, source), source


def say_there_is_none(declared: AppRelation) -> str:
    """Write that a table of ours is empty on purpose, where the database keeps it."""
    return f"COMMENT ON TABLE {declared.table} IS {quote(f'{NONE_IN_THE_APP} {declared.description}')};"


def plain_name(name: str) -> str:
    """Strip a name of what apps do differently: case, underscores, the plural."""
    return re.sub(r"s$", "", re.sub(r"[^a-z0-9]", "", name.lower()))


def _find_alike(column: Column, source: FoundRelation) -> FoundColumn | None:
    for there in source.columns.values():
        if plain_name(there.name) == plain_name(column.name):
            return there
    keys = [there for there in source.columns.values() if there.is_key]
    own_key = f"{plain_name(source.relation_name)}id"
    if len(keys) == 1 and plain_name(column.name) == own_key:
        return keys[0]
    return None


def _take(
    column: Column, source: FoundRelation, found: Found | None, prefix: str = ""
) -> str | None:
    """Write the expression for a column from what the app calls alike."""
    there = _find_alike(column, source)
    if there is None:
        return None
    value = f"{prefix}{quote_name(there.name)}"
    version = found.server_version if found else 0
    needed = cast(column, there, value, version, has_fractions=False)
    if column.values:
        needed = write_mapping(needed, map_words(column, list(there.words)))
    if not column.is_nullable and not there.is_not_null and _constant(column):
        needed = f"coalesce({needed}, {column.default})"
    return needed


def _constant(column: Column) -> str | None:
    default = column.default or ""
    return default if _CONSTANT.fullmatch(default) else None


def _mend_value(
    column: Column, there: FoundColumn, value: str, found: Found, counts: Counts
) -> str:
    has_fractions = counts.find("fraction", column.name) is not None
    mended = cast(column, there, value, found.server_version, has_fractions=has_fractions)
    if column.values:
        words = [*there.words, *counts.words.get(column.name, [])]
        mended = write_mapping(mended, map_words(column, list(dict.fromkeys(words))))
    if counts.find("null", column.name) and _constant(column):
        mended = f"coalesce({mended}, {column.default})"
    return mended


def _filters(declared: AppRelation, relation: FoundRelation, counts: Counts) -> list[str]:
    """List conditions for rows that can stay: the others have no value that would be right."""
    filters = []
    for column in declared.columns:
        is_gap = counts.find("null", column.name) and not _constant(column)
        is_invalid = counts.find("invalid", column.name) and not column.is_nullable
        if is_gap or is_invalid:
            filters.append(f"{column.name} IS NOT NULL")
        if counts.find("word", column.name) and column.name in relation.columns:
            there = relation.columns[column.name]
            words = [*there.words, *counts.words.get(column.name, [])]
            if set(words) - map_words(column, words).keys() - set(column.values):
                accepted = ", ".join(f"'{value}'" for value in column.values)
                filters.append(f"{column.name} IN ({accepted})")
        if counts.find("check", column.name) and not column.is_nullable:
            filters.append(str(column.check))
    filters += [
        condition
        for constraint, condition in declared.checks.items()
        if counts.find("check", constraint)
    ]
    return filters


def _hide(column: Column, declared: AppRelation, counts: Counts) -> str:
    """Write a nullable column so that a value that may not be there becomes NULL."""
    if counts.find("check", column.name) and column.is_nullable:
        return f"CASE WHEN {column.check} THEN {column.name} END AS {column.name}"
    for constraint, columns in declared.unique.items():
        if counts.find("unique", constraint) and column.name == columns[-1] and column.is_nullable:
            copies = f"count(*) OVER (PARTITION BY {', '.join(columns)})"
            return f"CASE WHEN {copies} = 1 THEN {column.name} END AS {column.name}"
    return column.name


def _mend_view(declared: AppRelation, relation: FoundRelation, found: Found, counts: Counts) -> str:
    by_name = {column.name: column for column in declared.columns}
    select = relation.select
    values: dict[str, str] = {}
    rest = select.rest if select else _wrapped(relation)
    is_replaceable = relation.kind == "v"
    for name, there in relation.columns.items():
        value = select.expressions[name] if select else quote_name(name)
        column = by_name.get(name)
        if column is None or not column.is_needed:
            values[name] = value
            continue
        if name in declared.key and (counts.find("unstable", "key") or is_unstable(relation, name)):
            inner = _made_up_inside(value)
            is_inside = select is not None and inner.search(rest) is not None
            key = _primary_key(column, relation, found, inside=is_inside)
            rest = inner.sub(key, rest) if key and is_inside else rest
            mended = key if key and not is_inside else value
        else:
            safe = _cast_safely(column, relation, value, found) if counts.error else value
            mended = _mend_value(column, there, safe, found, counts)
        if mended != value and there.full_type not in _KEPT_TYPES:
            is_replaceable = False
        if mended != value and not fits(column, there):
            is_replaceable = False
        values[name] = mended
    for column in declared.columns:
        if column.is_needed and column.name not in relation.columns:
            values[column.name] = _missing_value(column, relation, found)
    query = _write_select(values, rest)
    query = _restrict(query, list(values), declared, relation, counts)
    options = f" WITH ({relation.options})" if relation.options else ""
    if is_replaceable:
        return f"CREATE OR REPLACE VIEW {relation.quoted}{options} AS\n{query};"
    drop = "DROP MATERIALIZED VIEW" if relation.kind == "m" else "DROP VIEW"
    options = options if relation.kind == "v" else ""
    return _rebuild(
        found,
        relation,
        "\n".join(
            [
                f"{drop} {relation.quoted};",
                f"CREATE VIEW {relation.quoted}{options} AS\n{query};",
                *_restore(relation),
            ]
        ),
    )


def _wrapped(relation: FoundRelation) -> str:
    inner = (relation.definition or "").strip().rstrip(";")
    return f"FROM (\n{inner}\n) AS app"


def _write_select(values: Mapping[str, str], rest: str) -> str:
    lines = [
        value if value == quote_name(name) else f"{value} AS {quote_name(name)}"
        for name, value in values.items()
    ]
    return "SELECT\n    " + ",\n    ".join(lines) + f"\n{rest.strip()}"


def _restrict(
    query: str,
    names: list[str],
    declared: AppRelation,
    relation: FoundRelation,
    counts: Counts,
) -> str:
    """Put a query around it that leaves out rows and values that nothing can mend."""
    filters = _filters(declared, relation, counts)
    by_name = {column.name: column for column in declared.columns}
    shown = {
        name: _hide(by_name[name], declared, counts) if name in by_name else quote_name(name)
        for name in names
    }
    is_hiding = any(shown[name] != quote_name(name) for name in names)
    is_doubled = counts.find("key", "key") is not None
    if not (filters or is_hiding or is_doubled):
        return query
    where = f"\nWHERE {' AND '.join(filters)}" if filters else ""
    if not is_doubled:
        return f"SELECT {', '.join(shown.values())}\nFROM (\n{query}\n) AS v{where}"
    key = ", ".join(declared.key)
    others = [c.name for c in declared.columns if c.name in names and c.name not in declared.key]
    order = ", ".join([key, *others])
    # One row of each key is left before values are compared with each other.
    one = f"SELECT DISTINCT ON ({key}) *\nFROM (\n{query}\n) AS v{where}\nORDER BY {order}"
    if not is_hiding:
        return one
    return f"SELECT {', '.join(shown.values())}\nFROM (\n{one}\n) AS one"


def _cast_safely(column: Column, relation: FoundRelation, value: str, found: Found) -> str:
    """Write a cast of a text so that what cannot be cast does not fail the whole view."""
    match = re.fullmatch(r"\(?((?:[\w\"]+\.)?(\w+|\"[^\"]+\"))\)?::(?!text).*", value)
    name = unquote_name(match[2]) if match else ""
    tables = {each.relation_id: each for each in found.sources(relation).values()}
    behind = [each.columns[name] for each in tables.values() if name in each.columns]
    if not match or len(behind) != 1 or behind[0].base_type not in TEXTS:
        return value
    return cast(column, behind[0], match[1], found.server_version, has_fractions=False)


def _primary_key(
    column: Column, relation: FoundRelation, found: Found, *, inside: bool
) -> str | None:
    """Write the primary key of the table behind a view, where there is one table."""
    sources = found.sources(relation, inside=inside)
    if len(sources) != 1:
        return None
    alias, table = next(iter(sources.items()))
    keys = [quote_name(there.name) for there in table.columns.values() if there.is_key]
    if not keys:
        return None
    named = [f"{quote_name(alias)}.{key}" for key in keys]
    if len(named) > 1:
        return f"concat_ws('/', {', '.join(named)})"
    return f"{named[0]}::{column.plain_type}"


def _missing_value(column: Column, relation: FoundRelation, found: Found) -> str:
    for alias, source in found.sources(relation).items() if relation.select else ():
        value = _take(column, source, found, f"{quote_name(alias)}.")
        if value:
            return value
    default = _constant(column) if not column.is_nullable else None
    return f"{default or 'NULL'}::{column.plain_type}"


def _restore(relation: FoundRelation) -> list[str]:
    """Write what belongs to a view beside its query."""
    return [
        f"ALTER VIEW {relation.quoted} OWNER TO {quote_name(relation.owner)};",
        *[f"{grant};" for grant in relation.grants],
        *_comments(relation),
        *[f"{trigger};" for trigger in relation.triggers],
    ]


def _comments(relation: FoundRelation) -> list[str]:
    described = {f"VIEW {relation.quoted}": relation.description} | {
        f"COLUMN {relation.quoted}.{quote_name(name)}": column.description
        for name, column in relation.columns.items()
    }
    return [f"COMMENT ON {what} IS {quote(text)};" for what, text in described.items() if text]


def _rebuild(found: Found, relation: FoundRelation, change: str) -> str:
    """Write a change with the views that stand on the relation taken away before and put back after."""
    views = found.dependents(relation)
    before = [f"DROP VIEW {view.quoted};" for view in reversed(views)]
    after = []
    for view in views:
        options = f" WITH ({view.options})" if view.options else ""
        query = (view.definition or "").strip()
        after += [f"CREATE VIEW {view.quoted}{options} AS\n{query}", *_restore(view)]
    return "\n".join(["BEGIN;", *before, change, *after, "COMMIT;"])


def _mend_table(
    declared: AppRelation, relation: FoundRelation, found: Found, counts: Counts
) -> str:
    name = relation.quoted
    changes: list[str] = []
    is_retyped = False
    for column in declared.columns:
        there = relation.columns.get(column.name)
        if not column.is_needed:
            continue
        if there is None:
            default = f" DEFAULT {column.default}" if column.default else ""
            must = column.default or counts.rows == 0
            null = " NOT NULL" if must and not column.is_nullable else ""
            changes.append(
                f"ALTER TABLE {name} ADD COLUMN {column.name} {column.type}{default}{null};"
            )
            continue
        value = _mend_value(column, there, column.name, found, counts)
        if not fits(column, there):
            is_retyped = True
            default = (
                f", ALTER COLUMN {column.name} SET DEFAULT {column.default}"
                if column.default
                else ""
            )
            changes.append(
                f"ALTER TABLE {name} ALTER COLUMN {column.name} DROP DEFAULT, "
                f"ALTER COLUMN {column.name} TYPE {column.plain_type} USING {enclose(value)}{default};"
            )
        elif value != column.name:
            changes.append(
                f"UPDATE {name} SET {column.name} = {value} "
                f"WHERE {column.name} IS DISTINCT FROM {value};"
            )
    filters = _filters(declared, relation, counts)
    for column in declared.columns:
        hidden = _hide(column, declared, counts)
        if "CASE WHEN" in hidden and "OVER" not in hidden:
            changes.append(f"UPDATE {name} SET {column.name} = NULL WHERE NOT ({column.check});")
    if filters:
        wrong = f"(({') AND ('.join(filters)})) IS NOT TRUE"
        changes.append(
            f"-- Rows that nothing can mend; look at them first: SELECT * FROM {name} WHERE {wrong};\n"
            f"DELETE FROM {name} WHERE {wrong};"
        )
    for kind, subject, columns in [
        ("key", "key", declared.key),
        *[("unique", constraint, columns) for constraint, columns in declared.unique.items()],
    ]:
        if counts.find(kind, subject):
            same = " AND ".join(f"a.{each} = b.{each}" for each in columns)
            changes.append(
                f"-- One of each is kept; look at them first.\n"
                f"DELETE FROM {name} AS a USING {name} AS b WHERE {same} AND a.ctid > b.ctid;"
            )
    change = "\n".join(changes)
    return _rebuild(found, relation, change) if is_retyped else change
