"""What comes late costs whom it concerns, and days end as if computed from everything."""

import random
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest

from trc_pipelines.community.erasures import Stores, erase_person
from trc_pipelines.community.jobs import DAILY_STREAKS, RECOMPUTE_DAYS
from trc_pipelines.community.steps import daily_points
from trc_pipelines.jobs.contract import Result
from trc_pipelines_tests.budget import examples
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


@after_twelve_days
def test_who_is_late_after_days_without_a_streak_keeps_the_longest_one(past: World) -> None:
    now = at(LAST + DAY, 6)
    catch_up(past, now)
    # With Monday's a streak of 2, which ends on Thursday: nothing is stored of Friday.
    for number in (1, 5):
        award(past, "dee", at(MONDAY + number * DAY, 18))
        past.sync(now)
        catch_up(past, now + HOUR)
    saturday = f"member_id = 'dee' AND day = '{MONDAY + 5 * DAY}'"
    found = past.query(f"SELECT longest_streak FROM community.daily_streaks WHERE {saturday}")
    assert found["longest_streak"].tolist() == [2]
    kept = standing(past)
    assert kept == computed_from_everything(past, now + HOUR)


@pytest.mark.parametrize("most", [1_000, 2])
@pytest.mark.parametrize("seed", range(examples(1)))
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


# Pages hold a thousand ranks; of equal scores and times there are many.
CROWD = 2_300


def play_crowd(url: str) -> None:
    with play_in(url) as world:
        world.execute(
            "INSERT INTO community.members (member_id, discord_id, subscription_status) "
            f"SELECT md5(n::text), n, 'ACTIVE' FROM generate_series(1, {CROWD}) AS n"
        )
        for day in (MONDAY, MONDAY + DAY, MONDAY + 2 * DAY):
            world.execute(
                "INSERT INTO community.point_transactions (member_id, action, points, created_at) "
                "SELECT md5(n::text), 'resource_download', 1 + (n + extract(day FROM d)::int) % 40, "
                "d + n % 3 * interval '1 hour' FROM generate_series(1, "
                f"{CROWD}) AS n CROSS JOIN (VALUES (timestamptz '{at(day, 9)}')) AS t (d) "
                "WHERE n % 7 <> extract(day FROM d)::int"
            )
        now = at(MONDAY + 3 * DAY, 6)
        world.sync(now, {})
        world.run(RECOMPUTE_DAYS, now, days=(MONDAY, now.date()))


after_a_crowd = pytest.mark.played.with_args(play_crowd)


def ranks_of(world: World, *, but: str = "") -> list[tuple]:
    """All boards; without those whose member id begins so, the others in their place."""
    rows = world.query(
        "SELECT day, board, row_number() OVER (PARTITION BY day, board ORDER BY rank) AS rank, "
        "member_id, score, reached_at::text FROM community.leaderboard_rankings "
        f"WHERE NOT starts_with(member_id, nullif('{but}', '')) IS TRUE ORDER BY day, board, rank"
    )
    return list(rows.itertuples(index=False, name=None))


@pytest.mark.parametrize("seed", range(examples(1)))
@after_a_crowd
def test_boards_of_many_pages_on_which_few_move_are_those_ranked_as_a_whole(
    world: World, seed: int, tmp_path: Path
) -> None:
    rng = random.Random(seed)
    now = at(MONDAY + 3 * DAY, 7)
    board = world.query(
        f"SELECT member_id FROM community.leaderboard_rankings WHERE day = '{MONDAY}' AND board = 'global' "
        "ORDER BY rank"
    )["member_id"].tolist()
    # The first of a page, with whose name nothing can be compared any more, and one of anywhere.
    for who in (board[1_000], rng.choice(board[:1_000])):
        erase_person(Stores(world.database, None, tmp_path), who, reason="asked", now=now)
        board.remove(who)
    unlinked, hidden, gone, *late = rng.sample(board, 12)
    world.execute(
        f"UPDATE community.members SET discord_id = NULL WHERE member_id = '{unlinked}'; "
        f"UPDATE community.members SET leaderboard_visible = FALSE WHERE member_id = '{hidden}'; "
        "INSERT INTO community.members (member_id, subscription_status) VALUES ('new', 'ACTIVE')"
    )
    on_monday = world.query(
        f"SELECT member_id, points FROM community.daily_points WHERE day = '{MONDAY}'"
    ).set_index("member_id")["points"]
    award(world, gone, at(MONDAY, 20), -int(on_monday.get(gone, 0)) or 3)
    for who in [unlinked, hidden, "new", *late]:
        points = rng.choice([1, 2, 5, 25, 60, -1, -2, -30])
        award(world, who, at(MONDAY + rng.randrange(3) * DAY, rng.choice([9, 10, 20])), points)
    world.sync(now)
    catch_up(world, now)
    assert broken_checks(world) == []
    moved = ranks_of(world, but="erased")
    world.run(RECOMPUTE_DAYS, now, days=(MONDAY, now.date()))
    assert moved == ranks_of(world)
    assert len(ranks_of(world)) > 15_000
