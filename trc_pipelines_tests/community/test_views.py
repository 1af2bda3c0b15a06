"""Views of the community against a second computation: nobody, a few, the demo's guild, late news."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from trc_pipelines.community.erasures import Stores, erase_person
from trc_pipelines.community.jobs import DAILY_GROWTH, DAILY_STREAKS
from trc_pipelines.database.connection import Database
from trc_pipelines.demo.community_app import CommunityApp, invent_population
from trc_pipelines.demo.play import Tick, play_history
from trc_pipelines.demo.simulator import Simulator
from trc_pipelines.settings import DEMO_GUILD_ID, load_settings
from trc_pipelines_tests.catalogue import LEADERBOARD_RECALCULATION
from trc_pipelines_tests.databases import PooledDatabase, borrow_database
from trc_pipelines_tests.views.community_model import VIEWS, Model
from trc_pipelines_tests.views.compare import assert_same, rows_of
from trc_pipelines_tests.world import World, board

pytestmark = pytest.mark.either

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
# A Friday: the first week is short, and weekends are in between.
START = date(2026, 2, 27)


def at(day: date, hours: float = 0) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=hours)


def model_of(url: str) -> Model:
    return Model(lambda sql: rows_of(url, sql))


def assert_all_views(url: str) -> None:
    model = model_of(url)
    for view in VIEWS:
        found = rows_of(url, f"SELECT * FROM community.{view}")
        assert_same(found, getattr(model, view)())


def grow(world: World, day: date) -> None:
    world.run(DAILY_GROWTH, at(day, 20))


def write_activity(world: World, rows: list[tuple[str, date, int]]) -> None:
    """Active days as daily_points has them (points), each marked as a change of that table marks it."""
    values = ", ".join(
        f"('{member}', '{day}', 0, {points}, 0, {points}, 100, TRUE)"
        for member, day, points in rows
    )
    world.execute(
        "INSERT INTO community.daily_points (member_id, day, discord_points, contribution_points, "
        f"adjustment_points, points, xp_gained, is_active) VALUES {values}"
    )
    mark_changed(world, {day for _, day, _ in rows})


def mark_changed(world: World, days: set[date]) -> None:
    world.execute(
        "INSERT INTO community.days (day) SELECT unnest("
        f"'{{{','.join(map(str, days))}}}'::date[]) ON CONFLICT (day) DO UPDATE SET is_growth_stale = TRUE"
    )


@pytest.fixture
def long_ago(world: World) -> World:
    """A world whose community began with the year."""
    world.settings = world.settings.model_copy(update={"community_start_on": date(2026, 1, 1)})
    return world


def test_of_nobody_there_is_nothing_but_no_streak(world: World) -> None:
    for view in VIEWS:
        assert rows_of(world.database.url, f"SELECT * FROM community.{view}") == []
    world.link({"ann": 1001})
    distribution = rows_of(world.database.url, "SELECT * FROM community.streak_distribution")
    assert distribution == [{"current_streak": 0, "members": 1}]


def test_a_day_without_anybody_has_zeros_and_shares_of_nothing_are_null(long_ago: World) -> None:
    grow(long_ago, START)
    [row] = rows_of(long_ago.database.url, "SELECT * FROM community.daily_activity")
    assert row["active_members"] == row["points"] == 0
    assert row["stickiness"] is None
    assert row["is_observed"] is False
    [row] = rows_of(long_ago.database.url, "SELECT * FROM community.growth_accounting")
    assert [row[rate] for rate in ("nurr", "curr", "rurr", "surr")] == [None] * 4
    assert_all_views(long_ago.database.url)


def random_history(seed: int, days: int) -> list[tuple[str, date, int]]:
    """Thirty members who come, stay away for a while, and come again."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(30):
        here = rng.random() < 0.5
        for i in range(int(rng.integers(0, days)), days):
            if rng.random() < 0.06:
                here = not here
            if here and rng.random() < 0.7:
                points = int(rng.integers(-2, 40)) if number else 0
                rows.append((f"m{number:02}", START + i * DAY, points))
    return rows


@pytest.mark.parametrize("seed", [1, 2])
def test_days_computed_one_by_one_are_what_all_of_them_say(long_ago: World, seed: int) -> None:
    days = 75
    rows = random_history(seed, days)
    for i in range(days):
        today = START + i * DAY
        if of_today := [row for row in rows if row[1] == today]:
            write_activity(long_ago, of_today)
        if i % 9 != 5:  # a day is missed now and then
            grow(long_ago, today)
    assert_all_views(long_ago.database.url)


@pytest.mark.parametrize("seed", [3, 4])
def test_what_comes_late_or_goes_converges(long_ago: World, seed: int) -> None:
    days = 75
    rows = random_history(seed, days)
    rng = np.random.default_rng(seed)
    is_late = rng.random(len(rows)) < 0.3
    write_activity(long_ago, [row for row, late in zip(rows, is_late, strict=True) if not late])
    last = START + (days - 1) * DAY
    grow(long_ago, last)
    url = long_ago.database.url
    assert_all_views(url)
    late = [row for row, late in zip(rows, is_late, strict=True) if late]
    write_activity(long_ago, late[::2])
    grow(long_ago, last)
    assert_all_views(url)
    write_activity(long_ago, late[1::2])
    gone = rows_of(
        url,
        "DELETE FROM community.daily_points WHERE member_id IN ('m03', 'm07', 'm08') AND "
        "(member_id = 'm07' OR day < '2026-03-20') RETURNING day",
    )
    assert gone
    world_days = {row["day"] for row in gone}
    mark_changed(long_ago, world_days)
    grow(long_ago, last)
    assert_all_views(url)


def test_nothing_but_the_open_day_is_counted_when_nothing_changed(long_ago: World) -> None:
    write_activity(long_ago, random_history(5, 40))
    last = START + 40 * DAY
    grow(long_ago, last)
    [result] = long_ago.run(DAILY_GROWTH, at(last, 21)).values()
    assert result.affected == 1
    write_activity(long_ago, [("late", START + 2 * DAY, 5)])
    [result] = long_ago.run(DAILY_GROWTH, at(last, 22)).values()
    assert result.affected == 31 + 1


def test_points_that_change_mark_their_day_and_no_other(world: World) -> None:
    world.link({"ann": 1001, "bob": 1002})
    first = date(2026, 3, 2)
    for i in range(3):
        world.sync(at(first + i * DAY, 12), {1001: 1000 + 120 * i, 1002: 500})
        grow(world, first + i * DAY)
    stale = "SELECT day FROM community.days WHERE is_growth_stale"
    assert rows_of(world.database.url, stale) == []
    world.sync(at(first + 2 * DAY, 13), {1001: 1240, 1002: 500})
    assert rows_of(world.database.url, stale) == []
    world.sync(at(first + 2 * DAY, 14), {1001: 1240, 1002: 700})
    assert rows_of(world.database.url, stale) == [{"day": first + 2 * DAY}]


@pytest.fixture(scope="module")
def played(servers: dict[int, str]) -> Iterator[Database]:
    """A week of the demo's guild, from a Thursday on: a reading every twelve hours, one night missed."""
    first, days = date(2026, 3, 5), 7
    with (
        borrow_database(servers[18]) as url,
        Simulator(invent_population(), guild_id=DEMO_GUILD_ID) as simulator,
    ):
        database = PooledDatabase(url, statement_timeout_seconds=60, lock_timeout_seconds=30)
        settings = load_settings(
            database_url=url,
            community_start_on=first,
            mee6_guild_id=DEMO_GUILD_ID,
            mee6_base_url=simulator.base_url,
            mee6_request_interval_seconds=0,
        )
        community = CommunityApp(database, simulator, first, LEADERBOARD_RECALCULATION)
        after = community.create_users(at(first))
        slots = pd.date_range(at(first), at(first + days * DAY), freq="12h").to_pydatetime()
        missed = at(first + 5 * DAY)
        ticks = [
            Tick(slot, community._runs_at(slot, is_last=slot == slots[-1]))
            for slot in slots
            if slot != missed
        ]
        for _ in play_history(database, settings, community, after, ticks):
            pass
        yield database


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_of_the_demo_is_what_its_tables_say(played: Database, view: str) -> None:
    expected = getattr(model_of(played.url), view)()
    found = rows_of(played.url, f"SELECT * FROM community.{view}")
    if view != "lapsed_members":  # too short a time
        assert found
    assert_same(found, expected)


def test_an_unobserved_day_says_so(played: Database) -> None:
    rows = rows_of(played.url, "SELECT day FROM community.daily_activity WHERE NOT is_observed")
    assert {row["day"] for row in rows} >= {date(2026, 3, 9)}


@pytest.fixture
def week(world: World) -> World:
    """Three members who gain points in a week, one of whom has a name that is no good."""
    world.link({"ann": 1001, "bob": 1002, "cem": 1003})
    world.execute(
        "UPDATE community.members SET discord_username = E'=ann\\u202e' WHERE member_id = 'ann'"
    )
    first = date(2026, 3, 2)
    world.simulator.board = board({})
    for i in (0, 1, 7):
        world.sync(at(first + i * DAY, 23.5), {1001: 1000 + 500 * i, 1002: 300 * i, 1003: 100 * i})
        for job in (LEADERBOARD_RECALCULATION, DAILY_GROWTH):
            world.run(job, at(first + i * DAY, 23.75))
    world.run(DAILY_STREAKS, at(first + 8 * DAY), days=(first, first + 7 * DAY))
    return world


def test_who_lapsed_has_the_longest_streak_that_ended_or_that_stands(long_ago: World) -> None:
    long_ago.link({"ann": 1001, "bob": 1002, "cem": 1003, "dan": 1004})
    monday = date(2026, 3, 2)
    # By days since Monday: 5 and 6 are a weekend, 8 is the last of which streaks are computed.
    active = {"ann": (0, 2, 3, 4, 7, 8), "bob": (0, 1), "cem": (0, 2, 3, 5), "dan": (5, 6)}
    awards = ", ".join(
        f"('{member} {n}', '{member}', 'intro_completed', 5, '{at(monday + n * DAY, 9)}')"
        for member, days in active.items()
        for n in days
    )
    long_ago.execute(
        "INSERT INTO community.point_transactions (transaction_id, member_id, action, points, created_at) "
        f"VALUES {awards}"
    )
    # Without MEE6 every day is observed: who has no award was not there.
    long_ago.settings = long_ago.settings.model_copy(update={"mee6_sync_enabled": False})
    long_ago.sync(at(monday + 8 * DAY, 12))
    long_ago.run(DAILY_STREAKS, at(monday + 8 * DAY, 13), days=(monday, monday + 8 * DAY))
    grow(long_ago, monday + 22 * DAY)
    lapsed = rows_of(
        long_ago.database.url,
        "SELECT member_id, days_since, longest_streak FROM community.lapsed_members ORDER BY 1",
    )
    assert [tuple(row.values()) for row in lapsed] == [
        ("ann", 14, 5),  # stands; the one before was of a day
        ("bob", 21, 2),
        ("cem", 17, 2),  # two ended, the longer one last
        ("dan", 16, 0),
    ]


GAINERS = "SELECT member_id, place, name FROM community.top_gainers WHERE week = '2026-03-02' ORDER BY place"


def test_names_are_clean_and_who_hides_is_not_named(week: World) -> None:
    url = week.database.url
    assert rows_of(url, GAINERS)[0]["name"] == "'=ann"
    weeks = rows_of(url, "SELECT week FROM community.weekly_activity ORDER BY 1")
    assert [row["week"] for row in weeks] == [date(2026, 3, 2), date(2026, 3, 9)]
    week.execute("UPDATE community.members SET leaderboard_visible = FALSE WHERE member_id = 'ann'")
    week.execute(
        "UPDATE community.members SET subscription_status = 'NONE' WHERE member_id = 'cem'"
    )
    assert [(row["member_id"], row["place"]) for row in rows_of(url, GAINERS)] == [("bob", 1)]
    assert_all_views(url)


def test_figures_of_who_was_erased_go_on_without_them(week: World, tmp_path) -> None:
    url = week.database.url
    before = {view: rows_of(url, f"SELECT * FROM community.{view}") for view in VIEWS}
    erase_person(
        Stores(week.database, None, tmp_path), "bob", reason="asked", now=at(date(2026, 3, 10))
    )
    for view in ("daily_activity", "growth_accounting", "retention_cohorts", "points_by_source"):
        assert_same(rows_of(url, f"SELECT * FROM community.{view}"), before[view])
    mark_changed(week, {date(2026, 3, 4)})
    week.run(DAILY_GROWTH, at(date(2026, 3, 25)))
    assert_all_views(url)
    assert "bob" not in str([rows_of(url, f"SELECT * FROM community.{view}") for view in VIEWS])
    lapsed = rows_of(url, "SELECT member_id FROM community.lapsed_members ORDER BY 1")
    assert [row["member_id"] for row in lapsed] == ["ann", "cem"]
