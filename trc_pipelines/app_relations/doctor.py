"""What does not fit between the declarations and a database: every finding, with the SQL that mends it.

Pure: what is there comes in as `Found`, what was counted in its rows as `Counts`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from trc_pipelines.app_relations.casts import (
    DECIMALS,
    cast,
    counts_in_hundreds,
    fits,
)
from trc_pipelines.app_relations.declarations import AppRelation, Column
from trc_pipelines.app_relations.found import (
    Found,
    FoundColumn,
    FoundRelation,
    quote_name,
    unquote_name,
)
from trc_pipelines.app_relations.probes import Counts, Probe
from trc_pipelines.app_relations.remedies import (
    NONE_IN_THE_APP,
    create_missing,
    is_unstable,
    mend,
    say_there_is_none,
)

# Whom the migrations give what they make.
OUR_ROLE = "trc_owner"
ERROR, WARNING = "error", "warning"
# Below, reading all of a table takes no longer than looking into an index.
MANY_ROWS = 10_000
# As the migrations write them, with their comments.
_VIEW = re.compile(
    r"^(CREATE VIEW ([\w.]+) AS\n.*?;\n(?:COMMENT ON (?:VIEW|COLUMN) [^;]*;\n)*)",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Finding:
    """One thing that does not fit.

    Attributes:
        kind: what sort of thing, as one word for machines.
        relation: as `schema.table`.
        column: the column or columns it is about; None: the relation.
        found: what is there.
        expected: what the jobs need.
        remedy_sql: mends it, with whatever else is wrong with the relation's columns.
        run_by: the role that has to run it; None: this login may.
    """

    severity: str
    kind: str
    relation: str
    column: str | None
    found: str
    expected: str
    message: str
    remedy_sql: str
    run_by: str | None = None


@dataclass(frozen=True)
class _Case:
    """A relation that is there, and everything known about it."""

    declared: AppRelation
    relation: FoundRelation
    found: Found
    counts: Counts
    siblings: Sequence[FoundRelation]

    @property
    def run_by(self) -> str | None:
        return self.other_than_login(self.relation.owner)

    def other_than_login(self, role: str) -> str | None:
        return role if role != self.found.login else None


def diagnose(
    declared: Sequence[AppRelation],
    found: Found,
    counts: Mapping[str, Counts],
    schemas_of_ours: Sequence[str],
    *,
    is_before_migration: bool = False,
) -> list[Finding]:
    """List everything that does not fit, in the order of the declarations.

    Args:
        is_before_migration: tables of ours will be as declared once it was applied.
        counts: what was found in the rows, by relation; one without was not read.
        schemas_of_ours: where no table of an app is looked for.
    """
    findings: list[Finding] = []
    for relation in declared:
        there = found.by_table.get(relation.table)
        siblings = [
            found.by_table[each.table]
            for each in declared
            if each.domain == relation.domain and each.table in found.by_table
        ]
        has_views = any(each.is_view for each in siblings)
        is_ours = there is None or (there.owner == OUR_ROLE and not there.is_view)
        if is_before_migration and is_ours and not has_views:
            continue
        if there is None:
            findings += _find_missing(relation, found, siblings, schemas_of_ours)
            continue
        if not relation.is_needed:
            continue
        case = _Case(relation, there, found, counts.get(relation.table, Counts()), siblings)
        for check in CHECKS:
            findings += check(case)
        findings += _find_forgotten(case, schemas_of_ours)
    return findings


def find_dropped_views(found: Found, migrations: Sequence[str]) -> list[Finding]:
    """List views of ours that are gone, with what they stood on: an app dropped that with CASCADE.

    Args:
        migrations: the files in their order; one of which no table is there was not applied.
    """
    expected: dict[str, str] = {}
    for text in migrations:
        if not any(
            table in found.by_table for table in re.findall(r"^CREATE TABLE (\S+)", text, re.M)
        ):
            continue
        for view in re.findall(r"^DROP VIEW (?:IF EXISTS )?([\w.]+)", text, re.M):
            expected.pop(view, None)
        expected |= {view: sql for sql, view in _VIEW.findall(text)}
    return [
        Finding(
            ERROR,
            "dropped_view",
            view,
            None,
            "nothing",
            "a view of ours",
            "It went with what it stood on. What that was has to be there first.",
            f"{sql}\nSELECT operations.transfer_ownership();",
        )
        for view, sql in expected.items()
        if view not in found.by_table
    ]


def _find_missing(
    declared: AppRelation,
    found: Found,
    siblings: Sequence[FoundRelation],
    schemas_of_ours: Sequence[str],
) -> Iterator[Finding]:
    """A relation that is not there, in a domain of which something is."""
    if not declared.is_needed:
        return
    has_views = any(each.is_view for each in siblings)
    is_migrated = any(each.schema_name == declared.domain for each in found.relations.values())
    if not (has_views or is_migrated):
        return
    remedy, source = create_missing(declared, found, schemas_of_ours)
    told = (
        f"This view over {source.quoted} is a guess: read it."
        if source
        else "Nothing of that name is found in the app. This is the empty table of ours, for an app that "
        f"has no such thing; else fill in: trc doctor --template {declared.domain}"
    )
    why = "Others of its domain are views: was this one forgotten, or dropped with CASCADE?"
    yield Finding(
        ERROR,
        "missing_relation",
        declared.table,
        None,
        "nothing",
        declared.description,
        f"{why if has_views else 'It was there once: somebody dropped it.'} {told}",
        remedy,
        _owner_of_source(found, source),
    )


def _owner_of_source(found: Found, source: FoundRelation | None) -> str | None:
    return source.owner if source and source.owner != found.login else None


def _find_forgotten(case: _Case, schemas_of_ours: Sequence[str]) -> Iterator[Finding]:
    """An empty table beside views: of ours, made where a view was forgotten."""
    is_beside_views = any(each.is_view for each in case.siblings)
    is_on_purpose = (case.relation.description or "").startswith(NONE_IN_THE_APP)
    is_full = case.counts.error or case.counts.rows or case.relation.is_view
    if is_full or is_on_purpose or not is_beside_views:
        return
    sql, source = create_missing(case.declared, case.found, schemas_of_ours)
    if source:
        told = "The app seems to have one: the remedy shows it."
        sql = f"BEGIN;\nDROP TABLE {case.relation.quoted};\n{sql}\nCOMMIT;"
    else:
        told = (
            "If the app has no such thing, say so with the remedy. Else fill in: "
            f"trc doctor --template {case.declared.domain}"
        )
        sql = say_there_is_none(case.declared)
    yield Finding(
        WARNING,
        "empty_table",
        case.declared.table,
        None,
        "an empty table",
        "a view over what the app has",
        f"Others of its domain are views: every job succeeds here on nothing. {told}",
        sql,
        case.run_by,
    )


def _find_kind(case: _Case) -> Iterator[Finding]:
    """A relation that is as old as its last refresh."""
    if case.relation.kind == "m":
        yield Finding(
            ERROR,
            "materialized_view",
            case.declared.table,
            None,
            "a materialized view",
            "a table or view",
            "It shows what was there when it was last refreshed, and nothing can be written to it.",
            _mend(case),
            case.run_by,
        )


def _find_columns(case: _Case) -> Iterator[Finding]:
    """Columns that are missing or of another type."""
    for column in _needed(case.declared):
        there = case.relation.columns.get(column.name)
        expected = _expect(column)
        if there is None:
            message = f"{column.meaning} In the remedy stands what was found, or NULL: read it."
            yield _of_column(case, ERROR, "missing_column", column, "nothing", expected, message)
        elif not fits(column, there):
            yield _of_column(
                case,
                ERROR,
                "wrong_type",
                column,
                there.full_type,
                expected,
                _explain_type(case, column, there),
            )


def _explain_type(case: _Case, column: Column, there: FoundColumn) -> str:
    """Say what the remedy takes for granted."""
    has_fractions = case.counts.find("fraction", column.name) is not None
    if there.base_type in ("timestamp without time zone", "date"):
        return "Which instant it means is not known: the remedy says UTC; put in the app's zone."
    if there.base_type in DECIMALS and counts_in_hundreds(
        column, there, has_fractions=has_fractions
    ):
        return "Whole cents are meant, and these seem to be units of 100 (dollars): times 100."
    if there.base_type in DECIMALS and column.name == "odds" and has_fractions:
        return "American odds are meant, and these seem to be decimal ones: the remedy converts."
    if there.base_type in DECIMALS and has_fractions:
        return "Whole numbers are meant: the remedy rounds."
    if there.base_type in DECIMALS:
        return "Whole numbers are meant. They are taken as they are: cents, where it is money."
    if there.words:
        return f"An enum: {', '.join(there.words)}."
    return "It is cast. What cannot be cast becomes NULL, and is found below if there is any."


def _find_values(case: _Case) -> Iterator[Finding]:
    """Values that have no place: what was counted."""
    for probe, number in case.counts.bad.items():
        if probe.kind == "fraction":
            continue
        if probe.kind == "unstable":
            if not any(is_unstable(case.relation, name) for name in case.declared.key):
                yield _unstable(case, "differs between two readings")
            continue
        examples = ", ".join(case.counts.examples.get(probe, ()))
        some = f" (as {examples})" if examples else ""
        yield _of_values(case, probe, f"{number} rows{some}")


def _of_values(case: _Case, probe: Probe, found: str) -> Finding:
    column = next((c for c in case.declared.columns if c.name == probe.subject), None)
    severity = WARNING if probe.kind in ("check", "unique") else ERROR
    words = ", ".join(case.counts.words.get(probe.subject, ()))
    columns = ", ".join(probe.columns)
    kind, expected, message = {
        "null": (
            "null_values",
            "not NULL",
            "The remedy fills in our default, or leaves the rows out.",
        ),
        "invalid": (
            "invalid_values",
            f"what can be read as {column.plain_type if column else ''}",
            "They become NULL; where that may not be, their rows are left out.",
        ),
        "word": (
            "unknown_words",
            f"one of {', '.join(column.values) if column else ''}",
            f"There: {words}. The remedy guesses which is which, and leaves out rows whose word "
            "nothing suggests: read it.",
        ),
        "check": (
            "refused_values",
            (column and column.check) or case.declared.checks.get(probe.subject, ""),
            "A table of ours refuses them. The remedy leaves them out.",
        ),
        "key": (
            "duplicate_keys",
            f"one row for each {columns}",
            "A join may be the reason. The remedy keeps one of each: better mend the query.",
        ),
        "unique": (
            "duplicates",
            f"{columns} once",
            "Whom they belong to is not known; of a view the remedy shows none of them.",
        ),
    }[probe.kind]
    subject = columns or (probe.subject if column else None)
    return Finding(
        severity,
        kind,
        case.declared.table,
        subject,
        found,
        expected,
        message,
        _mend(case),
        case.run_by,
    )


def _find_unstable(case: _Case) -> Iterator[Finding]:
    """Keys that a view makes up."""
    for name in case.declared.key:
        is_shown = case.relation.is_view and name in case.relation.columns
        if is_shown and is_unstable(case.relation, name):
            yield _unstable(case, "is made up by the query")


def _unstable(case: _Case, what: str) -> Finding:
    key = ", ".join(case.declared.key)
    return Finding(
        ERROR,
        "unstable_key",
        case.declared.table,
        key,
        what,
        "a key that is never another row's later",
        "What was paid or settled for one row would be taken for another's. The remedy takes the "
        "primary key of the table behind it, if there is one.",
        _mend(case),
        case.run_by,
    )


def _find_unreadable(case: _Case) -> Iterator[Finding]:
    """What the server refuses to show."""
    relation, login = case.relation, quote_name(case.found.login)
    refused = False
    if not relation.can_use_schema:
        refused = True
        yield _grant(
            case,
            "schema_refused",
            relation.schema_name,
            f"GRANT USAGE ON SCHEMA {quote_name(relation.schema_name)} TO {login};",
            relation.schema_owner,
        )
    needed = {column.name for column in _needed(case.declared)}
    if not all(c.can_read for c in relation.columns.values() if c.name in needed):
        refused = True
        sql = f"GRANT SELECT ON {relation.quoted} TO {login};"
        yield _grant(case, "relation_refused", relation.table, sql, relation.owner)
    unread = {
        (reading.relation_id, reading.checked_as)
        for reading in case.found.read_by(relation)
        if not reading.can_read
    }
    for relation_id, role in sorted(unread):
        refused = True
        below = case.found.relations[relation_id]
        sql = f"GRANT SELECT ON {below.quoted} TO {quote_name(role)};"
        yield _grant(case, "source_refused", below.table, sql, below.owner, role)
    views = {relation.relation_id, *[r.relation_id for r in case.found.read_by(relation)]}
    for function in case.found.refused_functions:
        if function.view_id in views:
            refused = True
            sql = f"GRANT EXECUTE ON FUNCTION {function.signature} TO {login};"
            yield _grant(case, "function_refused", function.signature, sql, function.owner)
    yield from _find_refused_views(case)
    if case.counts.is_late:
        yield Finding(
            WARNING,
            "too_slow",
            case.declared.table,
            None,
            case.counts.error or "",
            "rows that are read in a minute",
            "Nothing is known of its values. Look at what the view does with each row, and at its indexes.",
            f"EXPLAIN TABLE {case.relation.quoted};",
            case.run_by,
        )
    elif case.counts.error and not refused:
        yield Finding(
            ERROR,
            "unreadable",
            case.declared.table,
            None,
            case.counts.error,
            "a relation that can be read",
            "Reading it fails, so nothing is known of its values. Casts of texts are mended here; anything "
            "else that its query does with a row is yours to find.",
            _mend(case),
            case.run_by,
        )


def _find_refused_views(case: _Case) -> Iterator[Finding]:
    """Views of ours over the relation, which their owner may not read."""
    refused = {
        reading.view_id
        for reading in case.found.readings
        if reading.relation_id == case.relation.relation_id and not reading.can_read
    }
    for view in [case.found.relations[view_id] for view_id in sorted(refused)]:
        if view.schema_name != case.declared.domain:
            continue
        sql = f"GRANT SELECT ON {case.relation.quoted} TO {quote_name(view.owner)};"
        found = f"{view.table} reads as {view.owner}, which may not use {case.relation.table}"
        yield Finding(
            WARNING,
            "views_refused",
            case.declared.table,
            None,
            found,
            f"a grant to {view.owner}",
            "Nobody can read our view: jobs run, and boards and streaks cannot be looked at.",
            sql,
            case.run_by,
        )


def _grant(
    case: _Case, kind: str, on: str, sql: str, owner: str, role: str | None = None
) -> Finding:
    role = role or case.found.login
    return Finding(
        ERROR,
        kind,
        case.declared.table,
        None,
        f"{role} may not use {on}",
        f"a grant to {role}",
        "A view reads as its owner, with security_invoker as whoever asks; functions always as "
        "whoever asks.",
        sql,
        case.other_than_login(owner),
    )


def _find_row_security(case: _Case) -> Iterator[Finding]:
    """Policies that hide rows: 0 rows, and success."""
    checked = {(case.relation.relation_id, case.found.login)} | {
        (reading.relation_id, reading.checked_as) for reading in case.found.read_by(case.relation)
    }
    for rule in case.found.row_security:
        is_whole = rule.is_whole and not rule.is_restricted
        if rule.command != "r" or (rule.relation_id, rule.checked_as) not in checked or is_whole:
            continue
        table = case.found.relations[rule.relation_id]
        role = quote_name(rule.checked_as)
        named = f"trc_reads_{rule.checked_as}"
        if rule.is_restricted:
            # Restrictive policies apply whatever others allow.
            sql, run_by = f"ALTER ROLE {role} BYPASSRLS;", "a superuser"
        else:
            sql = (
                f"CREATE POLICY {quote_name(named)} ON {table.quoted} "
                f"FOR SELECT TO {role} USING (TRUE);"
            )
            run_by = case.other_than_login(table.owner) or ""
        yield Finding(
            ERROR,
            "row_security",
            case.declared.table,
            None,
            f"{table.table} shows {rule.checked_as} "
            + (f"only: {rule.policies}" if rule.policies else "nothing: it has no policy for it"),
            "every row",
            "Row level security hides rows without an error: jobs would succeed on nothing.",
            sql,
            run_by or None,
        )


# The word of a policy, what it says, and the word in its name.
_WRITES = {
    "w": ("UPDATE", "USING (TRUE) WITH CHECK (TRUE)", "updates"),
    "a": ("INSERT", "WITH CHECK (TRUE)", "inserts"),
    "d": ("DELETE", "USING (TRUE)", "deletes"),
}


def _find_write_security(case: _Case) -> Iterator[Finding]:
    """Policies that hide rows from a port's UPDATE or DELETE, or refuse what it writes."""
    written = {each for port in case.declared.ports for each in _written_by(case, port)}
    for rule in case.found.row_security:
        is_whole = rule.is_whole and not rule.is_restricted
        if is_whole or (rule.relation_id, rule.checked_as, rule.command) not in written:
            continue
        table = case.found.relations[rule.relation_id]
        role = quote_name(rule.checked_as)
        word, says, named = _WRITES[rule.command]
        if rule.is_restricted:
            # Restrictive policies apply whatever others allow.
            sql, run_by = f"ALTER ROLE {role} BYPASSRLS;", "a superuser"
        else:
            sql = (
                f"CREATE POLICY {quote_name(f'trc_{named}_{rule.checked_as}')} ON {table.quoted} "
                f"FOR {word} TO {role} {says};"
            )
            run_by = case.other_than_login(table.owner) or ""
        yield Finding(
            ERROR,
            "row_security_of_writes",
            case.declared.table,
            None,
            f"{word} of {table.table} by {rule.checked_as} "
            + (f"only as: {rule.policies}" if rule.policies else "without a policy for it"),
            "every row",
            "Row level security hides rows from a port without an error, so that what it leaves out is "
            "due for ever, or refuses what it writes.",
            sql,
            run_by or None,
        )


def _written_by(case: _Case, port: str) -> Iterator[tuple[int, str, str]]:
    """Yield the tables behind the relation that a port writes, the role that is checked, the command."""
    there = case.found.ports.get(port)
    if there is None:
        return
    readings = list(case.found.read_by(case.relation))
    behind = {case.relation.relation_id, *[reading.relation_id for reading in readings]}
    for name, command in there.written():
        relation, role = case.found.by_table.get(name), there.acts_as
        while relation and relation.is_view and relation.takes_rows:
            # Rows are written through to the one table after FROM, as the view's owner as a rule.
            below = next(iter(case.found.sources(relation).values()), None)
            of_it = [
                reading.checked_as
                for reading in case.found.readings
                if below
                and (reading.view_id, reading.relation_id)
                == (relation.relation_id, below.relation_id)
            ]
            relation, role = below, next(iter(of_it), role)
        if relation and relation.relation_id in behind:
            yield relation.relation_id, role, command


def _find_slow(case: _Case) -> Iterator[Finding]:
    """Large tables that a job reads as a whole, for want of an index."""
    wanted = [
        (_leading(index.definition), index.serves)
        for index in case.declared.indexes
        if _leading(index.definition) in case.relation.columns
    ]
    wanted += [(name, "every job that changes rows") for name in case.declared.key[:1]]
    for column, job in dict.fromkeys(wanted):
        if column not in case.relation.columns:
            continue
        origin = case.found.origin(case.relation, column)
        if origin is None:
            continue
        table, expression = origin
        expression = _as_needed(case, column, table, expression)
        begins = {_bare(b) for of, b in case.found.indexes if of == table.relation_id}
        if table.rows_about <= MANY_ROWS or _bare(expression) in begins or table.is_view:
            continue
        is_plain = unquote_name(expression) in table.columns
        told = (
            ""
            if is_plain
            else f" The view shows an expression, {expression}: no index on a column alone serves it."
        )
        yield Finding(
            WARNING,
            "missing_index",
            case.declared.table,
            column,
            f"{table.table}, about {table.rows_about} rows, has no index that begins with {expression}",
            "an index",
            f"Without it {job} reads the whole table.{told} It is the app's table: ask who owns it.",
            f"CREATE INDEX CONCURRENTLY ON {table.quoted} "
            f"({expression if is_plain else f'({expression})'});",
            case.other_than_login(table.owner),
        )


def _find_ports(case: _Case) -> Iterator[Finding]:
    """A port that is not there, or that writes a view which cannot be written through."""
    is_installed = any(each.startswith(f"{case.declared.domain}.") for each in case.found.ports)
    for port, columns in case.declared.ports.items():
        there = case.found.ports.get(port)
        if there is None and is_installed:
            yield _of_port(
                case,
                "missing_port",
                port,
                "nothing",
                "Somebody dropped it. Make it again: trc db migrate.",
            )
        writes = there and case.declared.table in dict(there.written())
        can_write = case.relation.takes_rows and all(
            case.relation.columns[name].is_updatable
            for name in columns
            if name in case.relation.columns
        )
        if writes and case.relation.is_view and not can_write:
            triggers = (
                "A trigger of the view writes by key what was read earlier, and what the app did "
                "meanwhile is lost. "
                if any("INSTEAD OF" in each for each in case.relation.triggers)
                else ""
            )
            yield _of_port(
                case,
                "naive_port",
                port,
                f"{port} writes this view, which is not a plain one of one table",
                f"{triggers}Replace the function by one that writes the app's own tables and looks again: "
                "docs/app-tables.md, Ports. This is what it does now.",
            )


def _of_port(case: _Case, kind: str, port: str, found: str, message: str) -> Finding:
    there = case.found.ports.get(port)
    return Finding(
        ERROR,
        kind,
        case.declared.table,
        None,
        found,
        f"the function {port}",
        message,
        f"-- {port}\n{there.body.strip() if there else ''}".rstrip(),
        case.run_by,
    )


CHECKS = (
    _find_ports,
    _find_unreadable,
    _find_row_security,
    _find_write_security,
    _find_kind,
    _find_columns,
    _find_unstable,
    _find_values,
    _find_slow,
)


def _needed(declared: AppRelation) -> list[Column]:
    return [column for column in declared.columns if column.is_needed]


def _expect(column: Column) -> str:
    return column.plain_type if column.is_nullable else f"{column.plain_type}, not NULL"


def _of_column(
    case: _Case, severity: str, kind: str, column: Column, found: str, expected: str, message: str
) -> Finding:
    return Finding(
        severity,
        kind,
        case.declared.table,
        column.name,
        found,
        expected,
        message,
        _mend(case),
        case.run_by,
    )


def _mend(case: _Case) -> str:
    return mend(case.declared, case.relation, case.found, case.counts)


def _as_needed(case: _Case, name: str, table: FoundRelation, expression: str) -> str:
    """Write what an index has to hold once the remedy has cast the column."""
    column = next(each for each in case.declared.columns if each.name == name)
    there = table.columns.get(unquote_name(expression))
    if there is None or fits(column, case.relation.columns[name]):
        return expression
    return cast(column, there, expression, case.found.server_version, has_fractions=False)


def _leading(definition: str) -> str:
    match = re.search(r"\(\s*(\w+)", definition)
    return match[1] if match else ""


def _bare(expression: str) -> str:
    return re.sub(r'[\s()"]', "", expression)
