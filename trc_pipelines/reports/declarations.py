"""What a domain declares of the report: its charts, what of its week is said, what needs a look."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

import pandas as pd

from trc_pipelines.database.connection import Transaction
from trc_pipelines.database.statements import load_statement
from trc_pipelines.jobs.contract import Step

Unit = Literal["count", "share", "cents", "minutes", "seconds", "day", "moment", "text"]
Mark = Literal["line", "bar", "ranking", "heatmap"]


@dataclass(frozen=True)
class Column:
    """A column of a frame: what people call it, and what its figures are.

    Attributes:
        unit: a share is between 0 and 1, money is in whole cents.
        is_bad: drawn in the colour of what went wrong.
    """

    name: str
    title: str
    unit: Unit = "count"
    is_bad: bool = False


@dataclass(frozen=True)
class Chart:
    """A question about the community, the statement that answers it, and how the answer is drawn.

    Attributes:
        name: what it is about, unique in its domain.
        note: one sentence on what is counted.
        statement: takes the last day as :day, or nothing.
        x: along the bottom; of a ranking the names, from the best down.
        ys: what is measured, a series each; bars are stacked.
        by: names the series, of which `ys` has one measure then; of a heatmap the rows.
        also: stands in the table alone.
        shape: makes the rows of the chart from those of its statement, where several charts share one.
    """

    name: str
    title: str
    note: str
    statement: str
    x: Column
    ys: Sequence[Column]
    mark: Mark = "line"
    by: Column | None = None
    also: Sequence[Column] = ()
    shape: Callable[[pd.DataFrame], pd.DataFrame] = lambda rows: rows

    @property
    def columns(self) -> list[Column]:
        """What the table behind it shows, in order."""
        by = [self.by] if self.by else []
        along = [*by, self.x] if self.mark == "heatmap" else [self.x, *by]
        return [*along, *self.ys, *self.also]


@dataclass(frozen=True)
class Section:
    """What a domain contributes to the report.

    Attributes:
        title: as people call it.
        charts: in the order in which they are read.
        week: says what changed against the week before. It takes :day; `tell` makes the sentence.
        tell: two sentences of its row: of who was active, and of what they did.
        deps: what it is made from, for the lineage.
        find_waiting: what waits for a person, in words.
    """

    title: str
    charts: Sequence[Chart]
    week: str
    tell: Callable[[Mapping[str, Any]], tuple[str, str]]
    deps: Sequence[Step] = ()
    find_waiting: Callable[[Transaction], Sequence[str]] = field(default=lambda _transaction: ())


@dataclass(frozen=True)
class WeeklyPost:
    """What is posted to the community itself when a week of its board has closed.

    Attributes:
        statement: takes :week_start; gives part, place, member_id, name, figure: only who agrees
            to be shown.
        parts: title of each part, and what its figures count (one of it), in order.
    """

    statement: str
    parts: Mapping[str, tuple[str, str]]


def values_for(statement: str, day: date) -> dict[str, object]:
    """Give a statement of a chart what it takes: the last day, or nothing."""
    return {name: day for name in load_statement(statement).parameters if name == "day"}
