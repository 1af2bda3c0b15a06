"""How figures are written, and what is said of them. One way for sentences, tables and pictures."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import pandas as pd

from trc_pipelines.names import clean_name
from trc_pipelines.reports.declarations import Chart, Column, Unit

NOTHING = "–"
MINUS = "−"
LONGEST_TEXT = 200

_WRITTEN: Mapping[Unit, Callable[[Any], str]] = {
    "count": lambda value: f"{round(value):,}",
    "share": lambda value: f"{value:.1%}".replace("%", " %"),
    "cents": lambda value: f"{value / 100:,.2f}",
    "minutes": lambda value: f"{value:,.1f}",
    "seconds": lambda value: f"{value:,.2f}",
    "day": lambda value: f"{value:%Y-%m-%d}",
    "moment": lambda value: f"{value:%Y-%m-%d %H:%M}",
    "text": lambda value: clean_name(str(value), LONGEST_TEXT),
}


def write(value: object, unit: Unit) -> str:
    """Write a figure as people read it; a dash where there is none."""
    if value is None or pd.isna(value):  # type: ignore[call-overload]
        return NOTHING
    return _WRITTEN[unit](value).replace("-", MINUS) if _is_number(unit) else _WRITTEN[unit](value)


def _is_number(unit: Unit) -> bool:
    return unit not in ("day", "moment", "text")


def is_aligned_right(column: Column) -> bool:
    """Whether its figures stand below each other."""
    return _is_number(column.unit)


def write_table(chart: Chart, frame: pd.DataFrame) -> list[list[str]]:
    """Write every row behind a chart, column by column as `chart.columns` has them."""
    written = [
        [write(value, column.unit) for value in frame[column.name]] for column in chart.columns
    ]
    return [list(row) for row in zip(*written, strict=True)]


def is_empty(chart: Chart, frame: pd.DataFrame) -> bool:
    """Whether there is nothing to draw: no row, or no figure in any."""
    measured = frame[[column.name for column in chart.ys]].astype("float64")
    return not measured.fillna(0).ne(0).to_numpy().any()


def describe(chart: Chart, frame: pd.DataFrame) -> str:
    """Say what a chart shows to who does not see it: from where to where, and the latest figures."""
    first, last = frame.iloc[0], frame.iloc[-1]
    span = (
        f"{write(first[chart.x.name], chart.x.unit)} to {write(last[chart.x.name], chart.x.unit)}"
    )
    if chart.mark == "ranking":
        best = f"{write(first[chart.x.name], chart.x.unit)}, {_figures(chart, first)}"
        return f"Ranking of {count(len(frame), 'row')}, first {best}."
    if chart.by:
        return f"{chart.note} From {span}; every figure is in the table."
    return f"From {span}. At the end: {_figures(chart, last)}. Every figure is in the table."


def _figures(chart: Chart, row: pd.Series) -> str:
    return ", ".join(f"{y.title} {write(row[y.name], y.unit)}" for y in chart.ys)


def count(number: int, one: str, many: str | None = None) -> str:
    """Write a number with its noun: "1 member", "2 members"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def compare(now: float, before: float) -> str:
    """Say how a figure stands to that of the week before."""
    if now == before:
        return "as in the week before"
    if before == 0:
        return "none in the week before"
    change = (now - before) / abs(before)
    more = "more" if now > before else "fewer"
    return f"{abs(change):.0%} {more} than in the week before".replace("%", " %")


def join(parts: Sequence[str]) -> str:
    """Join words as people do: "a, b and c"."""
    *rest, last = parts
    return f"{', '.join(rest)} and {last}" if rest else last


def long_day(day: date | datetime) -> str:
    """Write a day in words: "Sunday 22 November 2026"."""
    return f"{day:%A} {day.day} {day:%B %Y}"
