"""What comes late costs whom it concerns, and days end as if computed from everything."""

import random
from datetime import datetime

import pandas as pd
import pytest

from trc_pipelines.community.jobs import DAILY_STREAKS, RECOMPUTE_DAYS
from trc_pipelines.community.steps import daily_points
from trc_pipelines.jobs.contract import Result
from trc_pipelines_tests.catalogue import LEADERBOARD_RECALCULATION
from trc_pipelines_tests.community.test_days import (
    DAY,
    HOUR,
    LINKED,
    MONDAY,
    Days,
    at,
    award,
    broken_checks,
    sense,
    streak_of,
)
from trc_pipelines_tests.world import World, board, play_in

# What is tested is which rows are computed again; every job runs on both versions elsewhere.
pytestmark = pytest.mark.either

# Twelve days, two of a weekend; the last hour of two of them was not read.
LAST = MONDAY + 11 * DAY
UNOBSERVED = {2, 8}
WHO = [
    "ann bob", "ann bob cem", "ann", "bob", "ann bob cem", "cem", "ann",
    "ann bob", "ann", "bob cem", "ann bob", "ann",
]  # fmt: skip
TABLES = {
    "daily_points": "*",
    "daily_streaks": "*",
    "streak_lengths": "*",
    "leaderboard_rankings": "*",
    "days": "day, is_points_stale, is_streaks_stale, is_boards_stale",
    "late_members": "*",
}


def play_days(url: str) -> None:
    with play_in(url) as world:
        days = Days(world)
        world.execute(
            "INSERT INTO community.members (member_id, subscription_status) "
            "VALUES ('dee', 'ACTIVE'), ('eve', 'TRIALING'), ('fay', 'CANCELLED')"
        )
        for number, who in enumerate(WHO):
            if number % 3 == 0:
                award(
                    world,
                    ("dee", "eve", "fay")[number % 2],
                    at(MONDAY + number * DAY, 8),
                    number + 5,
                )
            days.live(MONDAY + number * DAY, *who.split(), observed=number not in UNOBSERVED)
        assert days.xp == XP


XP = {
    account: 1000 + 110 * sum(member in who.split() for who in WHO)
    for member, account in LINKED.items()
}
after_twelve_days = pytest.mark.played.with_args(play_days)


@pytest.fixture
def past(world: World) -> World:
    """The community after them."""
    world.simulator.board = board(XP)
    return world


def catch_up(world: World, now: datetime) -> dict[str, Result]:
    """Run what the sensor asks for, until it is content."""
    results: dict[str, Result] = {}
    for _ in range(20):
        first = sense(world, now)
        if first is None:
            return results
        results = world.run(RECOMPUTE_DAYS, now, days=(first, now.date()), are_days_due=True)
    raise AssertionError("the sensor is never content")


def standing(world: World) -> dict[str, list[tuple]]:
    return {
        table: sorted(
            world.query(f"SELECT {columns} FROM community.{table}")
            .astype(str)
            .itertuples(index=False, name=None)
        )
        for table, columns in TABLES.items()
    }


def computed_from_everything(world: World, now: datetime) -> dict[str, list[tuple]]:
    """All days as a person has them made who names them."""
    world.run(RECOMPUTE_DAYS, now, days=(MONDAY, now.date()))
    return standing(world)


def versions(world: World, table: str, who: str) -> pd.DataFrame:
    """Rows of a table, and which transaction wrote them last."""
    return world.query(f"SELECT xmin::text, * FROM community.{table} WHERE {who} ORDER BY 2, 3, 4")


@after_twelve_days
def test_a_late_award_rewrites_the_points_and_streaks_of_nobody_else(past: World) -> None:
    now = at(LAST + DAY, 6)
    catch_up(past, now)
    others = {
        table: versions(past, table, f"member_id <> 'cem' AND day <= '{LAST}'")
        for table in ("daily_points", "daily_streaks")
    }
    award(past, "cem", at(MONDAY + DAY, 18))
    award(past, "cem", at(MONDAY + 2 * DAY, 18))
    past.sync(now)
    result = catch_up(past, now + HOUR)["community.daily_streaks"]
    assert result.details["late_members"] == 1
    assert streak_of(past, "cem", MONDAY + 2 * DAY) == 2
    for table, before in others.items():
        after = versions(past, table, f"member_id <> 'cem' AND day <= '{LAST}'")
        pd.testing.assert_frame_equal(after, before)
    assert broken_checks(past) == []


@pytest.mark.parametrize("most", [1_000, 2])
@pytest.mark.parametrize("seed", range(3))
@after_twelve_days
def test_whatever_comes_late_days_end_as_if_computed_from_everything(
    past: World, monkeypatch: pytest.MonkeyPatch, seed: int, most: int
) -> None:
    monkeypatch.setattr(daily_points, "MOST_LATE_MEMBERS", most)
    rng = random.Random(seed)
    now = at(LAST + DAY, 6)
    xp = dict(XP)
    for _ in range(3):
        for _ in range(rng.randrange(1, 5)):
            day = MONDAY + rng.randrange(12) * DAY
            points, action = rng.choice(
                [(5, "resource_download"), (-9, "resource_download"), (60, "benchmark_submission"),
                 (-40, "admin_adjustment"), (7, "admin_adjustment")]
            )  # fmt: skip
            who = rng.choice(["ann", "bob", "cem", "dee", "eve", "fay", "gus"])
            award(past, who, at(day, rng.uniform(0, 24)), points, action=action)
        xp[rng.choice(list(xp))] += 30
        past.sync(now, xp)
        if rng.random() < 0.5:  # somebody makes a few days first, or a run ends before the last
            first = MONDAY + rng.randrange(12) * DAY
            last = min(first + rng.randrange(4) * DAY, LAST)
            past.run(
                RECOMPUTE_DAYS, now, days=(first, last), are_days_due=rng.random() < 0.7
            )  # fmt: skip
        if rng.random() < 0.5:
            past.run(DAILY_STREAKS, now)
        past.run(LEADERBOARD_RECALCULATION, now)
        catch_up(past, now)
        assert broken_checks(past) == []
        now += HOUR
    reached = standing(past)
    assert reached["late_members"] == []
    assert reached == computed_from_everything(past, now)
