"""Streaks by day, and members in parts."""

from unittest import mock

import pandas as pd
import pytest

from trc_pipelines.community.rules import streaks
from trc_pipelines.community.rules.streaks import compute_streaks, split_members

FRIDAY = pd.Timestamp("2026-03-06")
ONE = pd.Timedelta(days=1)


def before(**streaks_of: tuple[int | None, int | None]) -> pd.DataFrame:
    """Current and longest streak of each member."""
    rows = [(member, *both, pd.NaT) for member, both in streaks_of.items()]
    names = ["member_id", "current_streak", "longest_streak", "last_active_on"]
    frame = pd.DataFrame(rows, columns=names)
    return frame.astype(
        {"current_streak": "Int64", "longest_streak": "Int64", "last_active_on": "datetime64[s]"}
    )


def active(*rows: tuple[str, pd.Timestamp]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["member_id", "day"])
    return frame.astype({"member_id": "str", "day": "datetime64[s]"})


def days(first: pd.Timestamp, observed: list[bool]) -> pd.DataFrame:
    calendar = pd.date_range(first, periods=len(observed), unit="s")
    return pd.DataFrame({"day": calendar, "is_observed": observed})


def rows_of(computed: pd.DataFrame) -> list[list]:
    """Member, day after Friday, whether active, current and longest."""
    at = (computed["day"] - FRIDAY).dt.days
    columns = ["member_id", "at", "is_active", "current_streak", "longest_streak"]
    return computed.assign(at=at)[columns].values.tolist()


def test_a_streak_goes_on_over_the_weekend_and_ends_on_a_monday_without_activity() -> None:
    computed = compute_streaks(
        before(ann=(2, 5), bob=(None, None)),
        active(("ann", FRIDAY), ("ann", FRIDAY + ONE), ("bob", FRIDAY + 2 * ONE)),
        days(FRIDAY, [True] * 5),
    )
    assert rows_of(computed) == [
        ["ann", 0, True, 3, 5],
        ["ann", 1, True, 3, 5],
        ["ann", 2, False, 3, 5],
        ["bob", 2, True, 0, 0],
        ["ann", 3, False, 0, 5],
    ]
    assert computed["last_active_on"].tolist() == [
        FRIDAY,
        *[FRIDAY + ONE] * 2,
        FRIDAY + 2 * ONE,
        FRIDAY + ONE,
    ]


def test_a_day_that_nobody_observed_breaks_no_streak_and_adds_to_who_was_seen() -> None:
    computed = compute_streaks(
        before(ann=(4, 4), bob=(1, 1)), active(("ann", FRIDAY)), days(FRIDAY, [False])
    )
    assert rows_of(computed) == [["ann", 0, True, 5, 5], ["bob", 0, False, 1, 1]]


@pytest.mark.parametrize(
    ("most", "number_of_days", "parts"),
    [
        (8, 4, [["a", "b"], ["c", "d"], ["e"]]),
        (11, 4, [["a", "b"], ["c", "d"], ["e"]]),
        (20, 4, [["a", "b", "c", "d", "e"]]),
        (2, 4, [["a"], ["b"], ["c"], ["d"], ["e"]]),
    ],
)
def test_members_are_split_so_that_a_part_of_their_days_fits(
    most: int, number_of_days: int, parts: list[list[str]]
) -> None:
    members = before(**dict.fromkeys("abcde", (0, 0)))
    seen = active(("e", FRIDAY), ("a", FRIDAY), ("b", FRIDAY), ("e", FRIDAY + ONE))
    with mock.patch.object(streaks, "MEMBER_DAYS_PER_PART", most):
        split = list(split_members(members, seen, number_of_days))
    assert [list(some["member_id"]) for some, _ in split] == parts
    for some, theirs in split:
        assert list(theirs["member_id"]) == [
            m for m in seen["member_id"] if m in set(some["member_id"])
        ]


def test_there_is_a_part_though_nobody_was_active() -> None:
    assert [(len(some), len(seen)) for some, seen in split_members(before(), active(), 3)] == [
        (0, 0)
    ]
