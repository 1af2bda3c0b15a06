"""Every figure of the page is what the base tables say, computed a second time without a view."""

import datetime
from datetime import timedelta

import pandas as pd
import pytest

from trc_pipelines.names import clean_name
from trc_pipelines_tests.reports.conftest import SECTIONS, Shown
from trc_pipelines_tests.reports.history import LAST
from trc_pipelines_tests.reports.pages import figure_of
from trc_pipelines_tests.reports.second_opinion import QUERIES

NAMES = [
    *[f"{name}-{one.name}" for name, section in SECTIONS.items() for one in section.charts],
    "operations-job-runs",
    "operations-slow-jobs",
]


# What the past is too short to show: over how many days up to the last one a chart goes, and what it has
# of them along the bottom.
LEFT = 45
WINDOWS = {
    **{
        f"community/{name}": (90, "day")
        for name in ("active_members", "stickiness", "growth", "return_rates", "inactive_members")
    },
    **{
        f"community/{name}": (182, "week")
        for name in ("new_members", "points_by_source", "concentration")
    },
    "community/retention": (84, "cohort_week"),
    "quiz/active_players": (90, "day"),
    "quiz/life_waits": (90, "day"),
    "betting/active_bettors": (90, "day"),
    "betting/wagered": (182, "week"),
    "betting/bets_by_type": (182, "week"),
}


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


@pytest.mark.parametrize("shown", [1], indirect=True, ids=["a past"])
@pytest.mark.parametrize("name", WINDOWS)
def test_a_chart_reaches_back_as_far_as_it_says(shown: Shown, name: str) -> None:
    """Seen from so late a day that only the last weeks are left, they are as they were."""
    window, x = WINDOWS[name]
    domain, statement = name.split("/")
    later = LAST + timedelta(days=window - LEFT)
    with shown.world.database.snapshot() as transaction:
        before = transaction.read(f"{domain}/chart_{statement}", day=LAST)
        after = transaction.read(f"{domain}/chart_{statement}", day=later)
    expected = before[before[x] > pd.Timestamp(LAST - timedelta(days=LEFT))]
    assert 0 < len(expected) < len(before)
    pd.testing.assert_frame_equal(after, expected.reset_index(drop=True))


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
