"""What is asked of the values: one statement that counts for each relation, one more for examples.

The statements are made from declarations alone: no word of an app or of its data is in them.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from trc_pipelines.app_relations.casts import DECIMALS, cast, fits, validity
from trc_pipelines.app_relations.ddl import quote
from trc_pipelines.app_relations.declarations import AppRelation
from trc_pipelines.app_relations.found import FoundRelation

EXAMPLES = 3
# An app has a dozen words for a status, not hundreds.
MOST_WORDS = 20


@dataclass(frozen=True)
class Probe:
    """A question about the rows of a relation.

    Attributes:
        kind: null, invalid, word, check, key, unique, fraction or unstable.
        subject: the column, or the constraint's name.
        condition: of a row, in SQL; of key and unique: which rows are compared.
        columns: of key and unique.
    """

    kind: str
    subject: str
    condition: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Counts:
    """What was found in the rows of a relation.

    Attributes:
        rows: how many there are.
        bad: for each probe that found any, how many.
        examples: keys of some of them.
        words: for each column those that are not accepted.
        error: why they could not be read, if so.
        is_late: whether reading them took too long.
    """

    rows: int = 0
    bad: Mapping[Probe, int] = field(default_factory=dict)
    examples: Mapping[Probe, Sequence[str]] = field(default_factory=dict)
    words: Mapping[str, Sequence[str]] = field(default_factory=dict)
    error: str | None = None
    is_late: bool = False

    def find(self, kind: str, subject: str) -> Probe | None:
        """Find the probe of that kind and subject that found something."""
        return next((p for p in self.bad if (p.kind, p.subject) == (kind, subject)), None)


@dataclass(frozen=True)
class Scan:
    """The probes of a relation and what they are asked of.

    Attributes:
        source: a query that gives the columns in the types that are needed, where they can be cast.
        key: writes a row's key as text.
    """

    table: str
    source: str
    key: str
    probes: Sequence[Probe]


def plan_scan(declared: AppRelation, found: FoundRelation, server_version: int) -> Scan | None:
    """Plan what to ask of a relation; None when nothing of it is needed."""
    present = [c for c in declared.columns if c.is_needed and c.name in found.columns]
    if not present:
        return None
    select, probes = [], []
    for column in present:
        there = found.columns[column.name]
        is_decimal = there.base_type in DECIMALS and not fits(column, there)
        needed = (
            # As it is: only its fractions say whether it is dollars or cents.
            column.name
            if is_decimal and column.plain_type in ("bigint", "integer")
            else cast(column, there, column.name, server_version, has_fractions=False)
        )
        select += [f"{needed} AS {column.name}", f"{column.name} AS {_raw(column.name)}"]
        if not column.is_nullable:
            probes.append(Probe("null", column.name, f"{_raw(column.name)} IS NULL"))
        valid = validity(column, there, _raw(column.name), server_version)
        if valid:
            probes.append(Probe("invalid", column.name, f"NOT ({valid})"))
        if column.values:
            accepted = ", ".join(quote(value) for value in column.values)
            probes.append(Probe("word", column.name, f"{column.name} NOT IN ({accepted})"))
        if column.check and there.base_type != "money":
            probes.append(Probe("check", column.name, f"NOT ({column.check})"))
        if is_decimal and there.base_type != "money":
            raw = _raw(column.name)
            probes.append(Probe("fraction", column.name, f"{raw} <> round({raw}::numeric)"))
    names = {column.name for column in present}
    absent = {column.name for column in declared.columns} - names
    for constraint, condition in declared.checks.items():
        if not absent & set(re.findall(r"\w+", condition)):
            probes.append(Probe("check", constraint, f"NOT ({condition})"))
    for kind, subject, columns in [
        ("key", "key", declared.key),
        *[("unique", name, columns) for name, columns in declared.unique.items()],
    ]:
        if columns and names.issuperset(columns):
            given = " AND ".join(f"{name} IS NOT NULL" for name in columns)
            probes.append(Probe(kind, subject, given, tuple(columns)))
    key = f"concat_ws('/', {', '.join(declared.key)})" if names.issuperset(declared.key) else "NULL"
    if found.kind == "v" and declared.key and names.issuperset(declared.key):
        probes.append(Probe("unstable", "key", key))
    source = f"SELECT {', '.join(select)} FROM {declared.table}"
    return Scan(declared.table, source, key if declared.key else "NULL", probes)


def write_count(scan: Scan) -> str:
    """Write the statement that counts: one row, `rows` and then one column for each probe."""
    columns = ["count(*) AS rows"]
    for number, probe in enumerate(scan.probes):
        columns.append(f"{_count(scan, probe)} AS probe_{number}")
    return f"SELECT {', '.join(columns)} FROM ({scan.source}) AS r"


def write_examples(scan: Scan, probes: Sequence[Probe]) -> str:
    """Write the statement that gives keys, and words that are not accepted, as arrays of text."""
    columns = []
    for number, probe in enumerate(probes):
        columns.append(f"ARRAY({_example(scan, probe)}) AS keys_{number}")
        if probe.kind == "word":
            words = f"SELECT DISTINCT {probe.subject} FROM ({scan.source}) AS r"
            columns.append(
                f"ARRAY({words} WHERE {probe.condition} LIMIT {MOST_WORDS}) AS words_{number}"
            )
    return f"SELECT {', '.join(columns)}"


def _count(scan: Scan, probe: Probe) -> str:
    if probe.columns:
        groups = _groups(scan, probe, "count(*) AS copies")
        return f"(SELECT coalesce(sum(g.copies - 1), 0)::bigint FROM ({groups}) AS g)"
    if probe.kind == "unstable":
        # Two readings of one statement see the same rows.
        read = f"(SELECT sum(hashtextextended({probe.condition}, 0)) FROM ({scan.source}) AS r)"
        return f"({read} IS DISTINCT FROM {read})::integer::bigint"
    return f"count(*) FILTER (WHERE {probe.condition})"


def _example(scan: Scan, probe: Probe) -> str:
    if probe.columns:
        names = ", ".join(probe.columns)
        return _groups(scan, probe, f"concat_ws('/', {names})") + f" LIMIT {EXAMPLES}"
    if probe.kind == "unstable":
        return "SELECT NULL::text WHERE FALSE"
    condition = probe.condition
    return f"SELECT {scan.key} FROM ({scan.source}) AS r WHERE {condition} LIMIT {EXAMPLES}"


def _groups(scan: Scan, probe: Probe, what: str) -> str:
    names = ", ".join(probe.columns)
    return (
        f"SELECT {what} FROM ({scan.source}) AS r WHERE {probe.condition} "
        f"GROUP BY {names} HAVING count(*) > 1"
    )


def _raw(name: str) -> str:
    return f"{name}_as_it_is"
