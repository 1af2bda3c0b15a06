"""What is said of charts to who does not see them, and how figures are written."""

import pandas as pd
import pytest

from trc_pipelines.reports.declarations import Chart, Column
from trc_pipelines.reports.wording import compare, describe

DAY, N = Column("day", "day", "day"), Column("n", "members")
ENDS = " Every figure is in the table."


def chart(x: Column, ys: list[Column], mark: str = "line", by: Column | None = None) -> Chart:
    return Chart("a", "A", "What is counted.", "none", x, ys, mark, by)


def test_of_a_line_it_is_said_where_it_ends_and_between_what_it_lies() -> None:
    frame = pd.DataFrame(
        {"day": pd.date_range("2026-03-01", periods=4), "n": [3, 9, 1, 4], "m": [2, 2, 2, 2]}
    )
    assert describe(chart(DAY, [N, Column("m", "others")]), frame) == (
        "Day 2026-03-01 to 2026-03-04. Members: 4 at the end, highest 9 (2026-03-02), lowest 1 "
        "(2026-03-03). Others: 2 at the end and throughout." + ENDS
    )


def test_what_is_missing_is_neither_the_end_nor_the_lowest() -> None:
    share, none = Column("s", "share", "share"), Column("t", "other", "share")
    frame = pd.DataFrame(
        {"day": pd.date_range("2026-03-01", periods=3), "s": [0.5, 0.25, None], "t": [None] * 3}
    )
    assert describe(chart(DAY, [share, none]), frame) == (
        "Day 2026-03-01 to 2026-03-03. Share: 25.0 % at the end, highest 50.0 % (2026-03-01), lowest "
        "25.0 % (2026-03-02). Other: none." + ENDS
    )


def test_of_one_day_it_is_said_once() -> None:
    frame = pd.DataFrame({"day": [pd.Timestamp("2026-03-01")], "n": [3]})
    assert describe(chart(DAY, [N], "bar"), frame) == (
        "Day 2026-03-01. Members: 3 at the end and throughout." + ENDS
    )


@pytest.mark.parametrize("mark", ["bar", "ranking"])
def test_of_a_few_bars_each_is_told(mark: str) -> None:
    streak = Column("streak", "weekdays", "text")
    frame = pd.DataFrame({"streak": ["1–2", "3–5"], "n": [1_200, 7]})
    assert describe(chart(streak, [N], mark), frame) == (
        "Members by weekdays: 1–2: 1,200, 3–5: 7." + ENDS
    )
    many = pd.DataFrame({"streak": list("abcdefghijklmno"), "n": range(15)})
    assert "l: 11, m: 12, and 2 more." in describe(chart(streak, [N], mark), many)


def test_of_series_it_is_said_what_each_has_in_all_and_at_the_end() -> None:
    frame = pd.DataFrame(
        {
            "day": pd.to_datetime(["2026-03-01", "2026-03-01", "2026-03-02"]),
            "action": ["a", "b", "a"],
            "n": [1, 5, 2],
        }
    )
    assert describe(chart(DAY, [N], "bar", Column("action", "action", "text")), frame) == (
        "Day 2026-03-01 to 2026-03-02. Members in all by action: b: 5, a: 3. "
        "Members at the end by action: a: 2." + ENDS
    )


def test_of_a_heatmap_it_is_said_between_what_its_columns_lie() -> None:
    weeks, kept = Column("since", "weeks later"), Column("r", "retention", "share")
    frame = pd.DataFrame(
        {"since": [0, 1, 0], "week": pd.to_datetime(["2026-03-02"] * 3), "r": [1.0, 0.25, 0.5]}
    )
    assert describe(
        chart(weeks, [kept], "heatmap", Column("week", "first week", "day")), frame
    ) == ("Retention by weeks later: 0: 50.0 % to 100.0 %, 1: 25.0 % to 25.0 %." + ENDS)


@pytest.mark.parametrize(
    ("now", "before", "said"),
    [
        (5, 5, ", as in the week before"),
        (0, 0, ", as in the week before"),
        (5, 0, ", none in the week before"),
        (15, 10, ", 50 % more than in the week before"),
        (5, 10, ", 50 % less than in the week before"),
    ],
)
def test_a_week_is_compared_with_the_one_before_if_it_is_whole(
    now: int, before: int, said: str
) -> None:
    week = {"n": now, "n_before": before}
    assert compare(week | {"has_week_before": True}, "n", "less") == said
    assert compare(week | {"has_week_before": False}, "n") == ""
