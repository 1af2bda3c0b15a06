"""Specifications of charts: colours that mean something, labels that are said once."""

from dataclasses import replace

import pandas as pd
import pytest

from trc_pipelines.reports.declarations import Chart, Column
from trc_pipelines.reports.drawing import BAD, NEUTRAL, OTHERS, REST, draw, series_of, specify

DAY, N = Column("day", "day", "day"), Column("n", "members")
LINES = Chart("a", "A", "What is counted.", "none", DAY, [N])


def frame_of(values: list[int]) -> pd.DataFrame:
    return pd.DataFrame({"day": pd.date_range("2026-03-01", periods=len(values)), "n": values})


def test_only_what_went_wrong_has_the_colour_of_it() -> None:
    ys = [Column(f"y{number}", f"y{number}", is_bad=number == 2) for number in range(5)]
    assert list(series_of(replace(LINES, ys=ys), pd.DataFrame()).values()) == [1, 2, BAD, 5, 6]
    assert BAD not in NEUTRAL


@pytest.mark.parametrize("number", [6, 7])
def test_the_largest_series_have_a_colour_each_and_the_others_one_together(number: int) -> None:
    names = [f"s{n}" for n in range(number)]
    frame = pd.DataFrame({"day": "2026-03-01", "s": names, "n": range(number, 0, -1)})
    found = series_of(replace(LINES, mark="bar", by=Column("s", "s", "text")), frame)
    assert found == dict(zip(names, NEUTRAL, strict=False)) | ({OTHERS: REST} if number > 6 else {})


@pytest.mark.parametrize(("mark", "per_day"), [("line", 2), ("bar", 2)])
def test_a_few_days_and_members_are_labelled_once_each(mark: str, per_day: int) -> None:
    chart = replace(LINES, mark=mark)
    svg = draw(chart, frame_of([1, per_day, 0]), "a", "b", "c")
    labels = [text for text in ("1 Mar", "2 Mar", "3 Mar", ">0<", ">1<", ">2<") if text in svg]
    assert len(labels) == 6
    assert svg.count("</text>") == 6, "and nothing between them"


def test_labels_without_room_are_left_out() -> None:
    svg = draw(replace(LINES, mark="bar"), frame_of([1] * 90), "a", "b", "c")
    assert svg.count(" Mar</text>") < 31
    assert 'opacity="0"' not in svg


def test_many_members_have_rounded_labels() -> None:
    spec = specify(LINES, frame_of([0, 5]))
    assert "values" not in spec["encoding"]["y"]["axis"]
