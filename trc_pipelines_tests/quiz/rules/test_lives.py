"""Lives that come back: how many, and when the next is due."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from trc_pipelines.quiz.rules.lives import regenerate_lives

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def give(minutes_late: int | None, lives: int, most: int, *, catch_up: bool = False) -> pd.Series:
    due_at = pd.NaT if minutes_late is None else pd.Timestamp(NOW - minutes_late * MINUTE)
    row = {"user_id": ["ann"], "current_lives": [lives], "max_lives": [most]}
    due = pd.DataFrame(row | {"next_regen_at": pd.Series([due_at], dtype="datetime64[us, UTC]")})
    return regenerate_lives(due, NOW, catch_up=catch_up).iloc[0]


@pytest.mark.parametrize(
    ("late", "lives", "catch_up", "added", "next_in"),
    [
        (0, 0, False, 1, 30),  # due now
        (29, 0, True, 1, 1),
        (30, 0, True, 2, 30),  # the second is due now
        (95, 0, False, 1, -65),  # one at a time; the deadline moves on from itself
        (95, 0, True, 4, 25),
        (95, 2, True, 3, None),  # full
        (95, 4, False, 1, None),
    ],
)
def test_lives_are_owed_by_half_hours_since_the_deadline_up_to_the_maximum(
    late: int, lives: int, catch_up: bool, added: int, next_in: int | None
) -> None:
    given = give(late, lives, 5, catch_up=catch_up)
    assert (given["lives_added"], given["new_total"]) == (added, lives + added)
    if next_in is None:
        assert pd.isna(given["next_regen_at"])
    else:
        assert given["next_regen_at"] == NOW + next_in * MINUTE
    assert given["due_at"] == NOW - late * MINUTE
    assert given["waited_minutes"] == late + 30


@pytest.mark.parametrize("catch_up", [False, True])
def test_a_missing_life_without_a_deadline_gets_one_half_an_hour_away_and_nothing_else(
    catch_up: bool,
) -> None:
    given = give(None, 4, 5, catch_up=catch_up)
    assert (given["lives_added"], given["new_total"]) == (0, 4)
    assert given["next_regen_at"] == NOW + 30 * MINUTE
    assert pd.isna(given["due_at"])
