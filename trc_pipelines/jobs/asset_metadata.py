"""What the page of an asset shows: columns, counts, ten rows, a small chart of its last weeks.

Declared metadata are known before the first run, without a database. The others are read from it
right after a step wrote its table, so that they are what the table says and not what a run claims.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import quote

import dagster as dg
import pandas as pd

from trc_pipelines.database.baselines import read_declared_columns
from trc_pipelines.database.connection import Transaction
from trc_pipelines.jobs.checks import NO_ID
from trc_pipelines.jobs.contract import Options, Relation, Result, Step, describe

MOST_ROWS, MOST_COLUMNS = 10, 8
LONGEST_VALUE, SHORTENED = 40, 8
CHARTED = timedelta(days=27)
WIDTH, HEIGHT, MARGIN = 280, 48, 3
UNQUOTED = "/:='-,"
# What a text says is shown only where it is a key or a word of ours.
_KEY_OR_WORD = re.compile(
    r"(?:^|_)(?:id|key|period|board|badge|kind|status|outcome|action|type|target)$"
)
_PLAIN_TYPES = {
    "bigint", "integer", "smallint", "boolean", "date", "double precision", "numeric", "uuid",
    "timestamp with time zone",
}  # fmt: skip


def asset_key(declared: Step | Relation) -> dg.AssetKey:
    """Return the key of the asset that shows a table in Dagster."""
    return dg.AssetKey(declared.table.split("."))


def declared_metadata(declared: Step | Relation) -> dict[str, Any]:
    """Give what is known of a table before anything ran: its name, its columns, where they come from."""
    metadata: dict[str, Any] = {"dagster/table_name": declared.table}
    columns = _declared_columns(declared)
    if columns:
        metadata["dagster/column_schema"] = dg.TableSchema(columns)
    return metadata | (column_lineage(declared) if isinstance(declared, Step) else {})


def column_lineage(step: Step) -> dict[str, Any]:
    """Give the columns whose values come straight from another table."""
    if not step.taken_over:
        return {}
    return {
        "dagster/column_lineage": dg.TableColumnLineage(
            {
                column: [dg.TableColumnDep(asset_key=asset_key(source), column_name=name)]
                for column, (source, name) in step.taken_over.items()
            }
        )
    }


def _declared_columns(declared: Step | Relation) -> list[dg.TableColumn]:
    candidates = [declared, *(declared.writes if isinstance(declared, Step) else [])]
    for relation in candidates:
        if isinstance(relation, Relation) and relation.table == declared.table:
            columns = relation.shown_columns
            if columns:
                return [
                    dg.TableColumn(
                        column.name,
                        column.type,
                        column.meaning,
                        dg.TableColumnConstraints(
                            nullable=column.is_nullable, unique=column.is_unique
                        ),
                    )
                    for column in columns
                ]
    return [
        dg.TableColumn(column.name, column.type, column.description)
        for column in read_declared_columns().get(declared.table, [])
    ]


def column_metadata(transaction: Transaction, table: str) -> dict[str, Any]:
    """Read the columns of a table or view; {} for what is none."""
    columns = _read_columns(transaction, table)
    if columns.empty:
        return {}
    return {
        "dagster/column_schema": dg.TableSchema(
            [
                dg.TableColumn(**column)  # type: ignore[arg-type]  # keys are the column names
                for column in columns.to_dict("records")
            ]
        )
    }


def count_rows(transaction: Transaction, table: str) -> dict[str, Any]:
    """Count the rows of a table or view, or have the planner estimate them; {} for what is none."""
    counted = transaction.read_row("jobs/count_rows", table=table)
    if counted is None or counted["row_count"] is None:
        return {}
    return {
        "dagster/row_count": counted["row_count"],
        "row_count_is": "exact" if counted["is_exact"] else "the planner's estimate",
    }


def _read_columns(transaction: Transaction, table: str) -> pd.DataFrame:
    schema, name = table.split(".")
    return transaction.read("jobs/select_columns", schema=schema, name=name)


def show_step(
    context: dg.AssetExecutionContext,
    transaction: Transaction,
    options: Options,
    step: Step,
    result: Result,
    beside: Sequence[Relation],
) -> None:
    """Show what a run did, how its table stands, and what it wrote beside it.

    Of a step that works by the day each partition shows what is of its day alone. The last one also
    shows the table: how many rows it has, ten of them, and its last weeks.
    """
    for relation in beside if result.affected else []:
        table = relation.table
        seen = column_metadata(transaction, table) | count_rows(transaction, table)
        context.log_event(dg.AssetObservation(asset_key(relation), metadata=seen))
    context.add_asset_metadata(column_metadata(transaction, step.table))
    if options.days is None:
        context.add_asset_metadata(
            {"message": result.message}
            | chart_runs(transaction, step, result, options.as_of)
            | _look_closer(transaction, step, options.as_of.date())
            | run_metadata(result)
        )
        return
    first, last = options.days
    for day in pd.date_range(first, last - timedelta(days=1)).date:
        context.add_asset_metadata(day_metadata(result, day), partition_key=day.isoformat())
    figures = day_metadata(result, last)
    context.add_asset_metadata(
        {"message": figures["message"]}
        | chart_days(context.instance, asset_key(step), result.by_day)
        | _look_closer(transaction, step, last)
        | figures,
        partition_key=last.isoformat(),
    )


def _look_closer(transaction: Transaction, step: Step, day: date) -> dict[str, Any]:
    return (
        sample_rows(transaction, step.table, day if step.is_daily else None)
        | {"report": dg.MetadataValue.md(f"`trc report --day {day}`")}
        | count_rows(transaction, step.table)
    )


def run_metadata(result: Result) -> dict[str, Any]:
    """Give what a run of a step that does not work by the day says of itself."""
    written = {} if result.rows_written is None else {"rows_written": result.rows_written}
    return {**result.details, "affected": result.affected, **written}


def day_metadata(result: Result, day: date) -> dict[str, Any]:
    """Give the figures of one day, and nothing of the others in the same run."""
    figures = result.by_day.get(day)
    if figures is None:
        return {"message": "not computed by this run: its limit was reached before this day"}
    shown = {name: value for name, value in figures.items() if name != "rows"}
    told = {name: value for name, value in shown.items() if name != "rows_written"}
    return {
        "message": describe(told) if any(told.values()) else "nothing happened on this day",
        **shown,
        "dagster/partition_row_count": figures["rows"],
    }


def sample_rows(transaction: Transaction, table: str, day: date | None) -> dict[str, Any]:
    """Read ten rows to look at: ids, numbers and times, no names and no text that somebody wrote.

    Args:
        day: only rows of it, for a table by the day.
    """
    columns = _read_columns(transaction, table)
    is_shown = columns["type"].isin(_PLAIN_TYPES) | columns["name"].str.contains(_KEY_OR_WORD)
    shown = columns.loc[is_shown, "name"].tolist()[:MOST_COLUMNS]
    rows = transaction.read_rows(
        "jobs/sample_rows", table=table, shown=shown, on_day=day, most=MOST_ROWS
    )
    if not rows:
        return {}
    records = [json.loads(row["row"]) for row in rows]
    return {
        "rows": dg.MetadataValue.table(
            [dg.TableRecord({name: _cut(row[name]) for name in shown}) for row in records],
            dg.TableSchema([dg.TableColumn(name, "string") for name in shown]),
        )
    }


def _cut(value: object) -> str:
    """Show a value as text that is harmless and short: an app chooses its ids.

    An id is shown whole, so that an erasure finds it, or hardly at all.
    """
    text = "" if value is None else str(value)
    if len(text) <= LONGEST_VALUE and not NO_ID.search(text):
        return text
    return NO_ID.sub("?", text)[:SHORTENED] + "…"


def chart_runs(
    transaction: Transaction, step: Step, result: Result, as_of: datetime
) -> dict[str, Any]:
    """Draw the last weeks of a step by the day: its first figure, as its runs recorded it."""
    name = next((name for name, value in result.details.items() if _is_number(value)), None)
    if name is None:
        return {}
    last = as_of.date()
    since = datetime.combine(last - CHARTED, datetime.min.time(), UTC)
    days = transaction.read_rows(
        "jobs/select_figure_by_day", table=step.table, figure=name, since=since, as_of=as_of
    )
    value = "newest" if step.is_level else "total"
    return draw(name, last, {row["day"]: row[value] for row in days})


def chart_days(
    instance: dg.DagsterInstance, key: dg.AssetKey, by_day: Mapping[date, Mapping[str, Any]]
) -> dict[str, Any]:
    """Draw the last weeks of a table by the day: its first figure, as its partitions show it.

    Args:
        by_day: what is shown from now on.
    """
    name = next((name for name in next(iter(by_day.values()), {}) if name != "rows"), None)
    if name is None:
        return {}
    last = max(by_day)
    charted = [str(day) for day in pd.date_range(last - CHARTED, last).date]
    storage = instance.event_log_storage
    newest = storage.get_latest_storage_id_by_partition(
        key, dg.DagsterEventType.ASSET_MATERIALIZATION, set(charted)
    )
    wanted = dg.AssetRecordsFilter(asset_key=key, storage_ids=list(newest.values()))
    found = instance.fetch_materializations(wanted, len(charted)).records if newest else []
    values = {}
    for record in found:
        event = record.asset_materialization
        if event and event.partition and name in event.metadata:
            values[date.fromisoformat(event.partition)] = event.metadata[name].value
    now = {day: figures[name] for day, figures in by_day.items()}
    return draw(name, last, values | now)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def draw(name: str, last: date, values: Mapping[date, Any]) -> dict[str, Any]:
    """Draw a line of the last four weeks as a picture in Markdown; a day without a value is 0.

    Dagster shows Markdown of less than a thousand characters in place, and pictures in it when they
    are in the text itself.
    """
    days = [
        day for day in pd.date_range(last - CHARTED, last).date if day >= min(values, default=last)
    ]
    heights = [float(values.get(day) or 0) for day in days]
    if len(heights) < 2:
        return {}
    points = _points(heights)
    picture = (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{WIDTH}' height='{HEIGHT}'>"
        f"<polyline points='{points}' fill='none' stroke='#4f43dd' stroke-width='2'/></svg>"
    )
    title = f"{name.replace('_', ' ')} by day"
    return {
        "last_weeks": dg.MetadataValue.md(
            f"{title}, {days[0]} to {last}: {min(heights):,g} to {max(heights):,g}\n\n"
            f"![{title}](data:image/svg+xml,{quote(picture, safe=UNQUOTED)})"
        )
    }


def _points(heights: Sequence[float]) -> str:
    highest = max(heights) or 1
    step = (WIDTH - 2 * MARGIN) / (len(heights) - 1)
    return " ".join(
        f"{MARGIN + number * step:.0f},{HEIGHT - MARGIN - height / highest * (HEIGHT - 2 * MARGIN):.0f}"
        for number, height in enumerate(heights)
    )
