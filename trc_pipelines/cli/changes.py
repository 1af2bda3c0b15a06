"""What `trc run --dry-run --changes` and `trc compare` print: what a run would write, and what differs."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import typer

from trc_pipelines.app_relations.declarations import AppRelation
from trc_pipelines.cli.output import Format, print_rows, print_table, say
from trc_pipelines.database.connection import Database
from trc_pipelines.domain import Domain
from trc_pipelines.jobs.contract import JobError
from trc_pipelines.words import counted

# A person reads a screen or two of each table; a spreadsheet takes what it can.
MOST_ROWS = {Format.TABLE: 50, Format.CSV: 100_000, Format.JSON: 100_000}
COLUMNS = ["job", "table", "change", "key", "before", "after"]


def show_changes(changes: pd.DataFrame, form: Format) -> None:
    """Print rows as `find_changes` gives them, with the job that would write them.

    How many there are goes to stderr where machines read the rows.
    """
    if form == Format.JSON:
        parsed = {name: changes[name].map(_parse) for name in ("key", "before", "after")}
        print_rows("", changes.assign(**parsed)[COLUMNS], form)
    elif form == Format.CSV:
        print_rows("", changes[COLUMNS], form)
    counts = changes.groupby(["job", "table"], sort=False)
    for (_, table), rows in counts:
        total = int(rows["changes"].max())
        shown = f", the first {len(rows):,} by key" if len(rows) < total else ""
        title = f"{table}: {counted(total, 'rows')} would change{shown}"
        if form == Format.TABLE:
            print_table(title, _describe(rows))
        else:
            typer.echo(title, err=True)
    if changes.empty and form == Format.TABLE:
        say("No row would change.")


def compare_domain(database: Database, domain: Domain, form: Format) -> int:
    """Print where what an app shows is not what our tables say, and count the differences.

    Raises:
        JobError: there is no view of what the app shows.
    """
    with database.transaction(commit=False) as transaction:
        there = {
            statement: relation
            for statement, relation in domain.shown.items()
            if transaction.read_value("cli/has_relation", relation=relation.table)
        }
        found = [
            transaction.read(statement).assign(relation=relation.name)
            for statement, relation in there.items()
        ]
    missing = [one for statement, one in domain.shown.items() if statement not in there]
    if not there:
        raise JobError(f"there is nothing to compare with yet. {_say_how(missing)}")
    for relation in missing:
        typer.echo(f"not compared: {_say_how([relation])}", err=True)
    differences = pd.concat(found, ignore_index=True)[["relation", "id", "figure", "ours", "shown"]]
    total = len(differences)
    names = ", ".join(relation.table for relation in there.values())
    title = f"{counted(total, 'differences')} between our tables and {names}"
    if form == Format.TABLE and not total:
        say(f"No difference between our tables and {names}.")
    else:
        print_rows(title, differences.head(MOST_ROWS[form]), form)
    if form == Format.TABLE and total > MOST_ROWS[form]:
        say(f"These are the first {MOST_ROWS[form]}; --format csv has them all.")
    return total


def _say_how(relations: Sequence[AppRelation]) -> str:
    """Say how to make views: what is to be filled in."""
    views = [
        f"{relation.table}: "
        + ", ".join(f"{column.name} ({column.plain_type})" for column in relation.columns)
        for relation in relations
    ]
    return (
        "Make a view of what the app shows, with CREATE VIEW, these columns in it, and NULL for what "
        f"it does not show: {'; '.join(views)}. docs/operators.md has an example"
    )


def _describe(rows: pd.DataFrame) -> pd.DataFrame:
    """Give for each row its key and, for each column that changes, from what to what."""
    key, before, after = (rows[name].map(_parse) for name in ("key", "before", "after"))
    return pd.DataFrame(
        {
            "change": rows["change"],
            "key": key.map(lambda columns: _list(columns or {})),
            "columns": [
                _list(
                    {
                        name: _move(old or {}, new or {}, name)
                        for name in {**(old or {}), **(new or {})}
                    }
                )
                for old, new in zip(before, after, strict=True)
            ],
        }
    )


def _move(before: Mapping[str, Any], after: Mapping[str, Any], column: str) -> str:
    if column in before and column in after:
        return f"{_show(before[column])} → {_show(after[column])}"
    return _show((after or before)[column])


def _show(value: Any) -> str:
    return "–" if value is None else str(value)


def _list(columns: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in columns.items())


def _parse(text: object) -> Any:
    return json.loads(text) if isinstance(text, str) else None
