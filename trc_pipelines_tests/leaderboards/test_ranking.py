"""Ranks: a total order that does not depend on the order of the input."""

from datetime import UTC, date, datetime

import pandas as pd
import pytest

from trc_pipelines.calendar import month_start, reporting_day, week_start
from trc_pipelines.leaderboards.ranking import rank_boards

EARLY, LATE = pd.Timestamp("2026-03-04T10:00Z"), pd.Timestamp("2026-03-04T11:00Z")


def scores(rows: list[tuple]) -> pd.DataFrame:
    """Rows of (board, member_id, score, reached_at)."""
    frame = pd.DataFrame(rows, columns=["board", "member_id", "score", "reached_at"])
    return frame.astype({"score": "Int64", "reached_at": "datetime64[us, UTC]"})


def test_score_then_latest_gain_then_id_decide() -> None:
    rows = [
        ("global", "d", -5, None),
        ("global", "c", 10, EARLY),
        ("global", "b", 10, EARLY),
        ("global", "a", 10, None),
        ("global", "e", 10, LATE),
        ("global", "f", 11, EARLY),
        ("weekly", "a", 1, EARLY),
    ]
    expected = [("f", 1), ("e", 2), ("b", 3), ("c", 4), ("a", 5), ("d", 6), ("a", 1)]
    for seed in range(20):
        shuffled = scores(rows).sample(frac=1, random_state=seed)
        ranked = rank_boards(shuffled)
        assert list(zip(ranked["member_id"], ranked["rank"], strict=True)) == expected


def test_nobody_is_ranked_on_an_empty_board() -> None:
    assert rank_boards(scores([])).empty


def test_one_member_is_first() -> None:
    assert rank_boards(scores([("global", "a", 0, None)]))["rank"].tolist() == [1]


@pytest.mark.parametrize(
    ("day", "monday"),
    [
        (date(2026, 3, 2), date(2026, 3, 2)),
        (date(2026, 3, 8), date(2026, 3, 2)),
        (date(2027, 1, 1), date(2026, 12, 28)),
    ],
)
def test_weeks_begin_on_monday(day: date, monday: date) -> None:
    assert week_start(day) == monday
    assert month_start(day).day == 1


def test_midnight_belongs_to_the_day_that_just_ended() -> None:
    assert reporting_day(datetime(2026, 3, 2, tzinfo=UTC)) == date(2026, 3, 1)
    assert reporting_day(datetime(2026, 3, 2, 0, 0, 1, tzinfo=UTC)) == date(2026, 3, 2)


def test_ranks_come_first_and_rows_are_counted_anew() -> None:
    scores = pd.DataFrame({"board": "weekly", "member_id": ["b", "a"], "score": [1, 2]})
    ranked = rank_boards(scores.assign(reached_at=pd.Timestamp(0, tz="UTC")))
    assert list(ranked.columns) == ["rank", "board", "member_id", "score", "reached_at"]
    assert ranked[["rank", "member_id"]].to_dict("index") == {
        0: {"rank": 1, "member_id": "a"},
        1: {"rank": 2, "member_id": "b"},
    }
