"""Figures of days that are computed at once, and the stretches days make."""

from datetime import date

import pandas as pd
import pytest

from trc_pipelines.community.rules.days import figures_by_day, find_ranges


def day(number: int) -> date:
    return date(2026, 3, number)


def test_a_day_without_figures_has_zeros_and_so_has_a_figure_that_a_day_lacks() -> None:
    index = pd.DatetimeIndex(["2026-03-04", "2026-03-06", "2026-03-09"])
    figures = pd.DataFrame({"members": [1, 2, 9], "points": [3.0, None, 9]}, index)
    assert figures_by_day(figures, (day(4), day(6))) == {
        day(4): {"members": 1, "points": 3},
        day(5): {"members": 0, "points": 0},
        day(6): {"members": 2, "points": 0},
    }


@pytest.mark.parametrize(
    ("days", "ranges"),
    [
        ([], []),
        ([4], [(4, 4)]),
        ([6, 4, 5], [(4, 6)]),
        ([4, 6], [(4, 4), (6, 6)]),
        ([1, 2, 4, 5, 9], [(1, 2), (4, 5), (9, 9)]),
    ],
)
def test_days_in_a_row_are_one_stretch(days: list[int], ranges: list[tuple[int, int]]) -> None:
    assert find_ranges(map(day, days)) == [(day(first), day(last)) for first, last in ranges]
