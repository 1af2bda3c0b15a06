"""Timing, and the table of what was measured against what was aimed at."""

import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Figure:
    """One line of the table: a measurement repeated, and the aim its median is held to.

    Attributes:
        unit: one of `×`, `s`, `/s`, `%`, `GB`. Shares are given as fractions.
        aim: None for what is only there to be known.
    """

    what: str
    values: Sequence[float]
    unit: str
    aim: float | None = None
    at_least: bool = False
    note: str = ""

    @property
    def median(self) -> float:
        """Middle value of the repetitions."""
        return statistics.median(self.values)

    @property
    def is_met(self) -> bool | None:
        """Whether the median reaches the aim."""
        if self.aim is None:
            return None
        return self.median >= self.aim if self.at_least else self.median <= self.aim

    def as_dict(self) -> dict[str, object]:
        """Return the same for a file."""
        return {**asdict(self), "median": self.median, "is_met": self.is_met}


def seconds_of(work: Callable[..., object], *arguments: object) -> float:
    """Measure the wall-clock time of a call."""
    started = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - started


def show_progress(progress: str) -> None:
    """Say on stderr what is going on."""
    print(f"bench: {progress}", file=sys.stderr, flush=True)


def render(figures: Sequence[Figure]) -> str:
    """Render the table as plain text, notes under their lines."""
    rows = [("measured", "median", "min – max", "n", "aim", "met")]
    rows += [
        (
            figure.what,
            _format(figure.median, figure.unit),
            " – ".join(_format(end(figure.values), figure.unit) for end in (min, max)),
            str(len(figure.values)),
            _format_aim(figure),
            {True: "yes", False: "NO", None: "–"}[figure.is_met],
        )
        for figure in figures
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    lines.insert(1, "─" * (sum(widths) + 2 * (len(widths) - 1)))
    notes = [f"* {figure.what}: {figure.note}" for figure in figures if figure.note]
    return "\n".join([*lines, "", *notes])


def _format_aim(figure: Figure) -> str:
    if figure.aim is None:
        return "–"
    return ("≥ " if figure.at_least else "≤ ") + _format(figure.aim, figure.unit)


def _format(value: float, unit: str) -> str:
    if unit == "%":
        return f"{100 * value:.1f} %"
    digits = 0 if abs(value) >= 100 else 2
    text = f"{value:,.{digits}f}".replace(",", " ")
    return f"{text}{unit}" if unit in {"×", "/s"} else f"{text} {unit}"
