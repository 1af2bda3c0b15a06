"""Every figure of the page is what the base tables say, computed a second time without a view."""

import datetime

import pandas as pd
import pytest

from trc_pipelines.names import clean_name
from trc_pipelines_tests.reports.conftest import SECTIONS, Shown
from trc_pipelines_tests.reports.pages import figure_of
from trc_pipelines_tests.reports.second_opinion import QUERIES

NAMES = [
    *[f"{name}-{one.name}" for name, section in SECTIONS.items() for one in section.charts],
    "operations-job-runs",
    "operations-slow-jobs",
]


def test_every_chart_has_a_second_opinion() -> None:
    assert [name.replace("_", "-") for name in NAMES] == list(QUERIES)


@pytest.mark.parametrize("name", QUERIES)
def test_a_chart_shows_what_the_base_tables_say(shown: Shown, name: str) -> None:
    expected = rows_of(shown.world.query(QUERIES[name]))
    table = shown.page.tables.get(name)
    assert name in shown.page.figures
    if table is None:
        assert not has_figures(expected)
        return
    found = [[figure_of(cell) for cell in row] for row in table[1:]]
    assert len(found) == len(expected)
    for one, other in zip(sorted(found, key=str), sorted(expected, key=str), strict=True):
        assert one == [pytest.approx(v, abs=0.051) if isinstance(v, float) else v for v in other]


def rows_of(frame: pd.DataFrame) -> list[list]:
    return [[plain(value) for value in row] for row in frame.itertuples(index=False)]


def plain(value: object) -> object:
    if value is None or pd.isna(value):
        return None
    if isinstance(value, datetime.date):
        return f"{value:%Y-%m-%d}"
    return figure_of(clean_name(value, 200)) if isinstance(value, str) else float(value)


def has_figures(rows: list[list]) -> bool:
    return any(isinstance(value, float) and value for row in rows for value in row[1:])
