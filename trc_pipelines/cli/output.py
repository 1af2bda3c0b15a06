"""What commands print: tables and lines for people, JSON for machines. Slow libraries load when used."""

import json
import shutil
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from trc_pipelines.names import clean_name

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")

MAX_CELL_LENGTH = 200
MAX_CSV_LENGTH = 10_000
# What is done sooner needs no word; what takes long says in a pipe now and then that it goes on.
PATIENCE_SECONDS = 2.0
REPEAT_SECONDS = 30.0
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]


class Format(StrEnum):
    """How rows are printed: for people, for a spreadsheet, for machines."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


# The last line of the terminal, when it says what goes on: whoever prints takes it away first.
_terminal = threading.Lock()
_CLEAR = "\r\x1b[2K"
_is_live = False


def say(line: str) -> None:
    """Print one line for people."""
    _print(line, err=False)


def hint(line: str) -> None:
    """Print one line for people beside what machines read."""
    _print(line, err=True)


def _print(line: str, *, err: bool) -> None:
    with _terminal:
        if _is_live:
            typer.echo(_CLEAR, nl=False, err=True)
        typer.echo(line, err=err)


def print_json(data: Any) -> None:
    """Print data for machines, with times in ISO 8601."""
    typer.echo(json.dumps(data, default=lambda value: value.isoformat(), indent=2))


def print_table(title: str, frame: "pd.DataFrame") -> None:
    """Print a frame as it reads, with a dash for what is missing and text cleaned as names are.

    Where the terminal is too narrow each row becomes a block of lines: nothing is cut.
    """
    import pandas as pd

    is_number = [pd.api.types.is_numeric_dtype(frame[name]) for name in frame]
    cells = frame.astype("object").where(frame.notna(), "–").astype("str")
    cells = cells.map(lambda cell: clean_name(cell, MAX_CELL_LENGTH))
    print_columns(title, [[str(name) for name in frame], *cells.to_numpy().tolist()], is_number)


def print_columns(
    title: str, rows: Sequence[Sequence[str]], is_number: Sequence[bool] | None = None
) -> None:
    """Print rows of text, the first of which names the columns. Numbers stand to the right."""
    lines = _lay_out(rows, is_number or [False] * len(rows[0]))
    if max(map(_width, lines)) > _terminal_width():
        lines = _stack(rows)
    say("\n".join([title, *lines, ""]))


def print_rows(title: str, frame: "pd.DataFrame", form: Format) -> None:
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


def align(rows: Sequence[Sequence[str]]) -> list[str]:
    """Align columns of text, the last of which may be as long as it likes."""
    return _lay_out(rows, [False] * len(rows[0]))


def _lay_out(rows: Sequence[Sequence[str]], is_number: Sequence[bool]) -> list[str]:
    """Align cells by the columns they take on a terminal: a letter of China takes two, an accent none."""
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    if not is_number[-1]:
        widths[-1] = 0
    return [
        "  ".join(
            _pad(cell, width, to_the_right=number)
            for cell, width, number in zip(row, widths, is_number, strict=True)
        ).rstrip()
        for row in rows
    ]


def _stack(rows: Sequence[Sequence[str]]) -> list[str]:
    """One block of lines for each row, a line for each column."""
    names, *records = rows
    blocks = [align(list(zip(names, record, strict=True))) for record in records]
    return [line for block in blocks for line in [*block, ""]][:-1]


def _pad(cell: str, width: int, *, to_the_right: bool) -> str:
    room = " " * max(0, width - _width(cell))
    return room + cell if to_the_right else cell + room


def _width(text: str) -> int:
    """Columns that a text takes on a terminal."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _terminal_width() -> float:
    """Columns of the terminal; without one there is no end to a line."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else float("inf")


class Work:
    """What a command is busy with, told to who waits: which step, how much, for how long."""

    def __init__(self, what: str, total: int | None = None) -> None:
        self.what = what
        self.total = total
        self.done = 0
        self.began = time.monotonic()

    def begin(self, what: str, number: int) -> None:
        """Begin the step of that number."""
        self.what, self.done = what, number

    def __str__(self) -> str:
        part = f", {self.done:,} of {self.total:,}" if self.total and self.total > 1 else ""
        return f"{self.what}{part}, {time.monotonic() - self.began:.0f} s"


@contextmanager
def tell(what: str, total: int | None = None) -> Iterator[Work]:
    """Tell who waits longer than two seconds what goes on: on a terminal live, else now and then."""
    work, ended = Work(what, total), threading.Event()
    thread = threading.Thread(target=_tell, args=(work, ended), daemon=True)
    thread.start()
    try:
        yield work
    finally:
        ended.set()
        thread.join()


def _tell(work: Work, ended: threading.Event) -> None:
    if ended.wait(PATIENCE_SECONDS):
        return
    if not sys.stderr.isatty():
        hint(f"{work} …")
        while not ended.wait(REPEAT_SECONDS):
            hint(f"{work} …")
        return
    _show_line(str(work))
    while not ended.wait(0.2):
        _show_line(str(work))
    _show_line(None)


def _show_line(line: str | None) -> None:
    """Exchange the last line of the terminal, or take it away."""
    global _is_live
    with _terminal:
        _is_live = line is not None
        room = shutil.get_terminal_size().columns - 3
        typer.echo(_CLEAR + (f"{line[:room]} …" if line else ""), nl=False, err=True)


def track(items: Iterable[T], total: int, description: str) -> Iterator[T]:
    """Yield the items, and tell who waits how many are done."""
    with tell(description, total) as work:
        for item in items:
            yield item
            work.done += 1
