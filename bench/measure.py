"""What something cost, and the table of what was measured against what was aimed at."""

import statistics
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace


@dataclass(frozen=True)
class Cost:
    """Seconds: on the clock, and of processors, in this process (and its children) and in the server."""

    wall: float
    client: float
    server: float

    @property
    def cpu(self) -> float:
        """Seconds of processors, which other work on the machine makes hardly longer."""
        return self.client + self.server

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.wall + other.wall, self.client + other.client, self.server + other.server)


def add_up(costs: Iterable[Cost]) -> Cost:
    """Add costs."""
    return sum(costs, Cost(0, 0, 0))


@dataclass(frozen=True)
class Figure:
    """One line of the table: a measurement repeated, and the aim its median is held to.

    Attributes:
        unit: one of `×`, `s`, `/s`, `%`, `GB`, `kB`, `requests`. Shares are given as fractions.
        aim: None for what is only there to be known.
        costs: of what was measured, once for each value; none where nothing was timed.
    """

    what: str
    values: Sequence[float]
    unit: str
    aim: float | None = None
    at_least: bool = False
    note: str = ""
    costs: Sequence[Cost] = ()

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

    def median_cost(self, clock: str) -> float | None:
        """Median of one clock: `wall`, `client`, `server` or `cpu`."""
        return (
            statistics.median(getattr(cost, clock) for cost in self.costs) if self.costs else None
        )

    def with_more(self, other: "Figure") -> "Figure":
        """Add the values of the same figure, measured again."""
        return replace(
            other, values=[*self.values, *other.values], costs=[*self.costs, *other.costs]
        )

    def on_a_machine(self, slowness: float) -> "Figure":
        """Hold it to what its aim is on a machine that takes so many times as long."""
        if self.aim is None or self.unit not in {"s", "/s"}:
            return self
        return replace(self, aim=self.aim / slowness if self.at_least else self.aim * slowness)

    def as_dict(self) -> dict[str, object]:
        """Return the same for a file."""
        return {**asdict(self), "median": self.median, "is_met": self.is_met}

    @classmethod
    def from_dict(cls, values: dict) -> "Figure":
        """Return what `as_dict` was made of."""
        known = {name: values[name] for name in cls.__dataclass_fields__}
        return cls(**known | {"costs": [Cost(**cost) for cost in values["costs"]]})


def show_progress(progress: str) -> None:
    """Say on stderr what is going on."""
    print(f"bench: {progress}", file=sys.stderr, flush=True)


def render(figures: Sequence[Figure]) -> str:
    """Render the table as plain text, notes under it."""
    head = ("measured", "median", "min – max", "n", "wall s", "client s", "server s", "aim", "met")
    rows = [
        (
            figure.what,
            format_value(figure.median, figure.unit),
            " – ".join(format_value(end(figure.values), figure.unit) for end in (min, max)),
            str(len(figure.values)),
            *(format_seconds(figure.median_cost(clock)) for clock in ("wall", "client", "server")),
            _format_aim(figure),
            {True: "yes", False: "NO", None: "–"}[figure.is_met],
        )
        for figure in figures
    ]
    notes = [f"* {figure.what}: {figure.note}" for figure in figures if figure.note]
    return "\n".join([align([head, *rows]), "", *notes])


def align(rows: Sequence[Sequence[str]]) -> str:
    """Lay rows out as a table, the first as its head."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    lines.insert(1, "─" * (sum(widths) + 2 * (len(widths) - 1)))
    return "\n".join(lines)


def count_met(figures: Iterable[Figure]) -> tuple[int, int]:
    """Count the aims that are met, and all."""
    met = [figure.is_met for figure in figures if figure.is_met is not None]
    return sum(met), len(met)


def format_value(value: float, unit: str) -> str:
    """Write a value with its unit."""
    if unit == "%":
        return f"{100 * value:.1f} %"
    digits = 0 if abs(value) >= 100 or unit == "requests" else 2
    text = f"{value:,.{digits}f}".replace(",", " ")
    return f"{text}{unit}" if unit in {"×", "/s"} else f"{text} {unit}"


def format_seconds(value: float | None) -> str:
    """Write seconds without their unit."""
    return "–" if value is None else f"{value:.2f}"


def _format_aim(figure: Figure) -> str:
    if figure.aim is None:
        return "–"
    return ("≥ " if figure.at_least else "≤ ") + format_value(figure.aim, figure.unit)
