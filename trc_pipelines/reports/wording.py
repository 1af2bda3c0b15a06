"""How figures are written, and what is said of them. One way for sentences, tables and pictures."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pandas as pd

from trc_pipelines.names import clean_name
from trc_pipelines.reports.declarations import Chart, Column, Unit

NOTHING = "–"
MINUS = "−"
LONGEST_TEXT = 200
MOST_TOLD = 13  # bars that are told one by one to who does not see them

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
    """Say what a chart shows to who does not see it: every bar of a few, the course of what is longer."""
    if chart.mark == "heatmap":
        told = [_tell_ranges(chart, frame)]
    elif chart.by:
        told = _tell_series(chart, frame)
    elif chart.x.unit == "text":
        told = [_tell_bars(chart, frame)]
    else:
        told = [_span(chart.x, frame), *[_tell_course(chart.x, y, frame) for y in chart.ys]]
    return " ".join([*told, "Every figure is in the table."])


def _span(x: Column, frame: pd.DataFrame) -> str:
    first, last = (write(value, x.unit) for value in frame[x.name].iloc[[0, -1]])
    return (
        f"{_start(x.title)} {first}." if first == last else f"{_start(x.title)} {first} to {last}."
    )


def _tell_bars(chart: Chart, frame: pd.DataFrame) -> str:
    """Tell each bar, as many as one listens to: "1–2: 31, 3–5: 12"."""
    [y] = chart.ys
    shown = frame.head(MOST_TOLD)
    told = [
        f"{write(name, chart.x.unit)}: {write(value, y.unit)}"
        for name, value in zip(shown[chart.x.name], shown[y.name], strict=True)
    ]
    more = [f"and {len(frame) - MOST_TOLD:,} more"] if len(frame) > MOST_TOLD else []
    return f"{_start(y.title)} by {chart.x.title}: {', '.join([*told, *more])}."


def _tell_course(x: Column, y: Column, frame: pd.DataFrame) -> str:
    """Tell where a line ends, and where it is highest and lowest."""
    known = frame.loc[frame[y.name].notna(), [x.name, y.name]]
    if known.empty:
        return f"{_start(y.title)}: none."
    values = known[y.name].astype("float64").to_numpy()
    last, highest, lowest = (known.iloc[n] for n in (-1, values.argmax(), values.argmin()))
    told = f"{_start(y.title)}: {write(last[y.name], y.unit)} at the end"
    if highest[y.name] == lowest[y.name]:
        return f"{told} and throughout."
    return f"{told}, highest {_tell_point(x, y, highest)}, lowest {_tell_point(x, y, lowest)}."


def _tell_point(x: Column, y: Column, row: pd.Series) -> str:
    return f"{write(row[y.name], y.unit)} ({write(row[x.name], x.unit)})"


def _tell_series(chart: Chart, frame: pd.DataFrame) -> list[str]:
    """Tell what each series has in all, and at the end."""
    assert chart.by is not None
    by, [y] = chart.by, chart.ys
    newest = frame[frame[chart.x.name] == frame[chart.x.name].iloc[-1]]
    parts = {"in all": frame, "at the end": newest}
    return [
        _span(chart.x, frame),
        *[
            _tell_bars(
                replace(chart, x=by, ys=[replace(y, title=f"{y.title} {when}")]),
                _sum_by(by, y, rows),
            )
            for when, rows in parts.items()
        ],
    ]


def _sum_by(by: Column, y: Column, rows: pd.DataFrame) -> pd.DataFrame:
    sums = rows.groupby(by.name)[y.name].sum().sort_values(ascending=False, kind="stable")
    return sums.reset_index()


def _tell_ranges(chart: Chart, frame: pd.DataFrame) -> str:
    """Tell between what the rows of a heatmap lie, column by column."""
    [y] = chart.ys
    ranges = frame.groupby(chart.x.name)[y.name].agg(["min", "max"])
    told = [
        f"{write(x, chart.x.unit)}: {write(low, y.unit)} to {write(high, y.unit)}"
        for x, low, high in ranges.head(MOST_TOLD).itertuples()
    ]
    return f"{_start(y.title)} by {chart.x.title}: {', '.join(told)}."


def _start(text: str) -> str:
    """Begin a sentence with a title."""
    return text[:1].upper() + text[1:]


def count(number: int, one: str, many: str | None = None) -> str:
    """Write a number with its noun: "1 member", "2 members"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def compare(week: Mapping[str, Any], name: str, fewer: str = "fewer") -> str:
    """Say, as the end of a sentence, how a figure stands to that of the week before.

    Nothing is said until there is a whole one.

    Args:
        week: has the figure as `name`, that of the week before as `<name>_before`, and
            has_week_before.
    """
    if not week["has_week_before"]:
        return ""
    now, before = week[name], week[f"{name}_before"]
    if now == before:
        return ", as in the week before"
    if before == 0:
        return ", none in the week before"
    change = f"{abs(now - before) / abs(before):.0%}".replace("%", " %")
    return f", {change} {'more' if now > before else fewer} than in the week before"


def join(parts: Sequence[str]) -> str:
    """Join words as people do: "a, b and c"."""
    *rest, last = parts
    return f"{', '.join(rest)} and {last}" if rest else last


def long_day(day: date | datetime) -> str:
    """Write a day in words: "Sunday 22 November 2026"."""
    return f"{day:%A} {day.day} {day:%B %Y}"
