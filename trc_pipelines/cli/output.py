"""What commands print: tables and bars for people on a terminal, plain lines and JSON for the rest."""

import json
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Annotated, Any, TypeVar

import pandas as pd
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from trc_pipelines.names import clean_name

T = TypeVar("T")

MAX_CELL_LENGTH = 200
MAX_CSV_LENGTH = 10_000
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]


class Format(StrEnum):
    """How rows are printed: for people, for a spreadsheet, for machines."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


console = Console(highlight=False, markup=False, soft_wrap=True)


def say(line: str) -> None:
    """Print one line for people."""
    console.print(line)


def print_json(data: Any) -> None:
    """Print data for machines, with times in ISO 8601."""
    typer.echo(json.dumps(data, default=lambda value: value.isoformat(), indent=2))


def print_table(title: str, frame: pd.DataFrame) -> None:
    """Print a frame as it reads, with a dash for what is missing and text cleaned as names are."""
    frame = frame.astype("object").where(frame.notna(), "–").astype("str")
    frame = frame.map(lambda cell: clean_name(cell, MAX_CELL_LENGTH))
    if not console.is_terminal:
        say(f"{title}\n{frame.to_string(index=False)}\n")
        return
    table = Table(title=title, title_justify="left")
    for column in frame.columns:
        table.add_column(column)
    for row in frame.itertuples(index=False):
        table.add_row(*[Text(cell) for cell in row])
    console.print(table)


def print_rows(title: str, frame: pd.DataFrame, form: Format) -> None:
    """Print the rows of a frame in the format asked for. Texts for a spreadsheet are cleaned."""
    match form:
        case Format.TABLE:
            print_table(title, frame)
        case Format.CSV:
            texts = frame.astype("object").where(frame.notna(), "").astype("str")
            cleaned = texts.map(lambda cell: clean_name(cell, MAX_CSV_LENGTH) if cell else "")
            typer.echo(cleaned.to_csv(index=False), nl=False)
        case Format.JSON:
            print_json(frame.astype("object").where(frame.notna(), None).to_dict("records"))


def track(items: Iterable[T], total: int, description: str) -> Iterator[T]:
    """Yield the items, with a progress bar on a terminal."""
    if not console.is_terminal:
        say(description)
        yield from items
        return
    columns = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()]
    with Progress(*columns, TimeRemainingColumn(), console=console) as progress:
        yield from progress.track(items, total=total, description=description)
