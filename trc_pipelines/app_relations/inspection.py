"""Read from a database what the doctor judges: facts of the catalogue, and counts of rows."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

import adbc_driver_postgresql.dbapi as adbc

from trc_pipelines.app_relations.declarations import AppRelation
from trc_pipelines.app_relations.doctor import Finding, diagnose, find_dropped_views
from trc_pipelines.app_relations.found import (
    Found,
    FoundColumn,
    FoundRelation,
    Port,
    Reading,
    RefusedFunction,
    RowSecurity,
)
from trc_pipelines.app_relations.probes import (
    Counts,
    Scan,
    plan_scan,
    write_count,
    write_examples,
)
from trc_pipelines.database.connection import Connection, Database, DatabaseError, Transaction
from trc_pipelines.database.migrations import SHARED, schema_of
from trc_pipelines.database.statements import SQL_FOLDER
from trc_pipelines.settings import KNOWN_DOMAINS

# A relation that takes longer to read is said to, and everything else is examined all the same.
SCAN_SECONDS = 60.0
_QUERY_CANCELED = "57014"

Track = Callable[[Sequence[Scan]], Iterable[Scan]]


def examine(
    database: Database,
    declared: Sequence[AppRelation],
    track: Track = lambda scans: scans,
    *,
    is_before_migration: bool = False,
) -> list[Finding]:
    """List everything about the apps' relations that does not fit.

    Args:
        track: passes on the relations whose values are counted, one by one.
        is_before_migration: say nothing of tables of ours, which it may be about to change.

    Raises:
        DatabaseError: the database does not answer.
    """
    seconds = min(SCAN_SECONDS, database.statement_timeout_seconds)
    with replace(database, statement_timeout_seconds=seconds).connect() as connection:
        with connection.transaction(commit=False) as transaction:
            found = read_found(transaction, declared)
        scans = []
        for relation in declared:
            there = found.by_table.get(relation.table)
            scan = there and plan_scan(relation, there, found.server_version)
            if scan:
                scans.append(scan)
        counts = {scan.table: _count(connection, scan) for scan in track(scans)}
    wanted = {*SHARED, *[relation.domain for relation in declared]}
    migrations = [
        path.read_text(encoding="utf-8")
        for path in sorted((SQL_FOLDER / "migrations").glob("*.sql"))
        if schema_of(path.stem) in wanted
    ]
    return [
        *diagnose(
            declared,
            found,
            counts,
            (*SHARED, *KNOWN_DOMAINS),
            is_before_migration=is_before_migration,
        ),
        *find_dropped_views(found, migrations),
    ]


def read_found(transaction: Transaction, declared: Sequence[AppRelation]) -> Found:
    """Read what there is."""
    transaction.execute("doctor/set_search_path")
    login = transaction.read_rows("doctor/select_login")[0]
    columns = {
        relation_id: {
            row["name"]: FoundColumn(**{key: row[key] for key in row if key != "relation_id"})
            for row in rows
        }
        for relation_id, rows in groupby(
            transaction.read_rows("doctor/select_columns"), lambda row: row["relation_id"]
        )
    }
    relations = [
        FoundRelation(**row, columns=columns.get(row["relation_id"], {}))
        for row in transaction.read_rows("doctor/select_relations")
    ]
    ports = json.dumps([port for relation in declared for port in relation.ports])
    known = {relation.relation_id: relation for relation in relations}
    readings = [Reading(**row) for row in transaction.read_rows("doctor/select_dependencies")]
    return Found(
        **login,
        relations=known,
        readings=[each for each in readings if {each.view_id, each.relation_id} <= known.keys()],
        row_security=[
            RowSecurity(**row)
            for row in transaction.read_rows("doctor/select_row_security", ports=ports)
        ],
        refused_functions=[
            RefusedFunction(**row)
            for row in transaction.read_rows("doctor/select_refused_functions")
        ],
        indexes=[
            (row["relation_id"], row["begins_with"])
            for row in transaction.read_rows("doctor/select_indexes")
        ],
        ports={
            row["port"]: Port(row["body"], row["acts_as"])
            for row in transaction.read_rows("doctor/select_ports", ports=ports)
        },
    )


def _count(connection: Connection, scan: Scan) -> Counts:
    """Count in a transaction of its own: what fails for one relation says nothing of the others."""
    try:
        with connection.transaction(commit=False):
            figures = _read(connection, scan, write_count(scan))
            bad = {
                probe: int(figures[f"probe_{number}"] or 0)
                for number, probe in enumerate(scan.probes)
                if figures[f"probe_{number}"]
            }
            if not bad:
                return Counts(figures["rows"])
            shown = _read(connection, scan, write_examples(scan, list(bad)))
    except DatabaseError as error:
        if error.is_transient:
            raise
        return Counts(error=str(error), is_late=error.sqlstate == _QUERY_CANCELED)
    return Counts(
        figures["rows"],
        bad,
        {probe: shown[f"keys_{number}"] for number, probe in enumerate(bad)},
        {
            probe.subject: sorted(shown[f"words_{number}"])
            for number, probe in enumerate(bad)
            if probe.kind == "word"
        },
    )


def _read(connection: Connection, scan: Scan, statement: str) -> dict[str, Any]:
    def fetch(cursor: adbc.Cursor) -> dict[str, Any]:
        row: dict[str, Any] = cursor.execute(statement).fetch_arrow_table().to_pylist()[0]
        return row

    return connection.use(f"reading {scan.table}", fetch)
