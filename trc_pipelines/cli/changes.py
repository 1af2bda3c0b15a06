"""What `trc run --dry-run --changes` prints: the rows that a run would write."""

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd
import typer

from trc_pipelines.cli.output import Format, print_rows, print_table, say

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
        title = f"{table}: {total:,} rows would change{shown}"
        if form == Format.TABLE:
            print_table(title, _describe(rows))
        else:
            typer.echo(title, err=True)
    if changes.empty and form == Format.TABLE:
        say("No row would change.")


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
