"""The page: one HTML file with everything in it, which asks for nothing and runs nothing."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache, partial
from importlib.resources import files

import pandas as pd

from trc_pipelines.names import clean_name
from trc_pipelines.reports.declarations import Chart
from trc_pipelines.reports.wording import (
    count,
    describe,
    is_aligned_right,
    is_empty,
    long_day,
    write,
    write_table,
)


@dataclass(frozen=True)
class Reading:
    """A chart and the frame that its statement gave."""

    chart: Chart
    frame: pd.DataFrame


@dataclass(frozen=True)
class Part:
    """The charts of a domain, in order."""

    name: str
    title: str
    readings: Sequence[Reading]


@dataclass(frozen=True)
class Trouble:
    """Something that needs a look: since when, what, and in words."""

    what: str
    message: str
    since: datetime | None = None


@dataclass(frozen=True)
class Report:
    """All that the page of a day says.

    Attributes:
        made_at: when it was read; what stands is as of then, also on the page of a day long over.
        sentences: three.
        jobs: a row of texts for each, in the order of `JOB_COLUMNS`.
    """

    day: date
    as_of: datetime
    made_at: datetime
    sentences: Sequence[str]
    parts: Sequence[Part]
    troubles: Sequence[Trouble] = ()
    jobs: Sequence[Sequence[str]] = ()

    @property
    def is_of_the_past(self) -> bool:
        """Whether it was made when more was known than the moment it is of."""
        return self.made_at - self.as_of > A_WHILE


# A run of the moment waits in the queue, at most so long.
A_WHILE = timedelta(hours=1)
LONGEST_MESSAGE = 2_000
JOB_COLUMNS = ("job", "last success", "runs in 7 days", "failed", "median seconds")


@dataclass(frozen=True)
class _Card:
    """A chart as the template takes it."""

    key: str
    chart: Chart
    svg: str
    legend: Sequence[tuple[str, str]]
    header: Sequence[tuple[str, bool]]
    rows: Sequence[Sequence[str]]
    caption: str


@dataclass(frozen=True)
class _Group:
    key: str
    title: str
    cards: Sequence[_Card] = field(default_factory=list)


def render(report: Report) -> str:
    """Render the page of a report."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["clean"] = partial(clean_name, max_length=LONGEST_MESSAGE)
    style = _asset("page.css")
    return environment.from_string(_asset("page.html.jinja")).render(
        report=report,
        title=long_day(report.day),
        day_before=report.day - timedelta(days=1),
        groups=[_group(part) for part in report.parts],
        job_columns=JOB_COLUMNS,
        style=style,
        style_digest=_digest(style),
        write=write,
    )


def _group(part: Part) -> _Group:
    return _Group(part.name, part.title, [_card(part.name, one) for one in part.readings])


def _card(domain: str, reading: Reading) -> _Card:
    from markupsafe import Markup

    from trc_pipelines.reports.drawing import draw, series_of

    chart, frame = reading.chart, reading.frame
    key = f"{domain}-{chart.name}".replace("_", "-")
    first, *others = chart.columns
    header = [(first.title, False), *[(one.title, is_aligned_right(one)) for one in others]]
    if is_empty(chart, frame):
        return _Card(key, chart, "", (), header, (), "")
    names = series_of(chart, frame)
    return _Card(
        key,
        chart,
        # Made by `dress`, which lets nothing through but lines, shapes and escaped text.
        Markup(draw(chart, frame, chart.title, describe(chart, frame), key)),  # noqa: S704
        [(f"s{number}", write(name, "text")) for name, number in names.items()]
        if len(names) > 1
        else (),
        header,
        write_table(chart, frame),
        count(len(frame), "row"),
    )


def _digest(style: str) -> str:
    """Name the style in the page's policy by its digest: no other style applies."""
    return "sha256-" + base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()


@cache
def _asset(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8").strip()
