"""Nothing ran for hours, or for days: what is made up for, and what nobody can know any more."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from sqlalchemy.engine import make_url

from trc_pipelines.community.boards import BOARDS
from trc_pipelines.community.jobs import (
    DAILY_STREAKS,
    MEE6_SYNC,
    RECOMPUTE_DAYS,
    first_day_to_recompute,
)
from trc_pipelines.demo.simulator import Simulator
from trc_pipelines.jobs.contract import Job
from trc_pipelines.leaderboards.closing import find_due_periods
from trc_pipelines.settings import load_settings
from trc_pipelines_tests.catalogue import (
    CHECKS,
    LEADERBOARD_RECALCULATION,
    LEADERBOARD_WEEKLY_RESET,
    STEPS,
)
from trc_pipelines_tests.databases import PooledDatabase, close_connections
from trc_pipelines_tests.servers import TEMPLATE, create_database
from trc_pipelines_tests.world import World, board

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
STEP = 3 * HOUR  # instead of a quarter of an hour: a fortnight is long
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
END = MONDAY + 16 * DAY
# When nothing ran: on a Wednesday, and over a weekend.
SHORT = (MONDAY + 9 * DAY + 9 * HOUR, MONDAY + 9 * DAY + 18 * HOUR)
LONG = (MONDAY + 4 * DAY + 6 * HOUR, MONDAY + 7 * DAY + 12 * HOUR)
LINKED = {f"m{i:02}": 1000 + i for i in range(20)}
RECOMPUTED = [step for step in STEPS if step.table.split(".")[1] in (
    "daily_points", "daily_streaks", "leaderboard_rankings")]  # fmt: skip
RECOMPUTE = Job(RECOMPUTE_DAYS.name, "", None, DAY, RECOMPUTED, lambda *_: (END.date(), END.date()))


def boards() -> Iterator[tuple[datetime, dict[int, int]]]:
    """What the board shows, step by step: most are active most days, some skip whole days."""
    rng = np.random.default_rng(11)
    xp = np.full(len(LINKED), 5000)
    for number in range(int((END - MONDAY) / STEP) + 1):
        # What is seen at midnight was gained on the day before.
        if number % 8 == 1:
            active_today = rng.random(len(LINKED)) < 0.7
        if number:
            xp = xp + rng.integers(0, 180, len(LINKED)) * active_today
        yield MONDAY + number * STEP, dict(zip(LINKED.values(), xp.tolist(), strict=True))


def live(
    world: World,
    since: datetime,
    until: datetime = END,
    outage: tuple[datetime, datetime] | None = None,
) -> None:
    """Sixteen days of schedules and sensors, or some of them, except while the daemon is down."""
    was_down = False
    for moment, xp in boards():
        if not since <= moment <= until:
            continue
        if moment.hour == 9:
            world.execute(
                "INSERT INTO community.point_transactions (member_id, action, points, created_at) "
                f"VALUES ('m{moment.day:02}', 'resource_download', 5, '{moment}')"
            )
        if outage and outage[0] < moment < outage[1]:
            was_down = True
            continue
        world.simulator.board = board(xp)
        assert world.run(MEE6_SYNC, moment)["community.daily_points"].success
        # A daemon that comes back fires the newest tick it missed.
        if moment.hour == 0 or was_down:
            world.run(LEADERBOARD_RECALCULATION, moment)
            world.run(DAILY_STREAKS, moment + timedelta(minutes=5))
        was_down = False
        look_around(world, moment + timedelta(minutes=20))


def look_around(world: World, now: datetime) -> None:
    """What the sensors do."""
    with world.database.transaction() as transaction:
        first = first_day_to_recompute(transaction, world.settings, now)
        due, _waiting = find_due_periods(transaction, world.settings, BOARDS, now)
    if first is not None:
        world.run(RECOMPUTE, now, days=(first, now.date()))
    if due:
        world.run(LEADERBOARD_WEEKLY_RESET, now)


@dataclass
class Lives:
    """The world without an outage, and others that are like it until theirs begins."""

    calm: World
    others: dict[datetime, World]

    def with_outage(self, begins_at: datetime, ends_at: datetime) -> World:
        world = self.others[begins_at]
        live(world, begins_at + STEP, outage=(begins_at, ends_at))
        return world


@pytest.fixture(scope="module")
def lives(servers: dict[int, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lives]:
    with Simulator(board({})) as simulator:

        def make(template: str) -> World:
            url = create_database(servers[18], template)
            settings = load_settings(
                trc_home=tmp_path_factory.mktemp("home"),
                database_url=url,
                mee6_guild_id=simulator.guild_id,
                mee6_base_url=simulator.base_url,
                mee6_request_interval_seconds=0,
            )
            return World(PooledDatabase(url, 30, 5), settings, simulator)

        lives = Lives(make(TEMPLATE), {})
        lives.calm.link(LINKED)
        since = MONDAY
        for moment in sorted([LONG[0], SHORT[0]]):
            live(lives.calm, since, moment)
            # Nobody may be connected to what is copied.
            close_connections(lives.calm.database.url)
            lives.others[moment] = make(make_url(lives.calm.database.url).database)
            since = moment + STEP
        live(lives.calm, since)
        yield lives


def table(world: World, columns: str, name: str, where: str = "TRUE") -> pd.DataFrame:
    return world.query(f"SELECT {columns} FROM community.{name} WHERE {where} ORDER BY 1, 2, 3")


def assert_sound(world: World) -> None:
    with world.database.transaction() as transaction:
        for check in CHECKS:
            assert check.find_violations(transaction).empty, check.name


EQUAL_AFTER_HOURS = {
    "member_points": "member_id, total, 1",
    "xp_states": "discord_id, xp, carry, whole_total",
    "daily_points": "day, member_id, discord_points, contribution_points, points, xp_gained, is_active",
    "daily_streaks": "day, member_id, is_active, current_streak, longest_streak, last_active_on",
    "leaderboard_archive": "period, board, member_id, score",
}


def test_six_hours_without_a_daemon_leave_no_trace_in_any_day(lives: Lives) -> None:
    calm, down = lives.calm, lives.with_outage(*SHORT)
    for name, columns in EQUAL_AFTER_HOURS.items():
        pd.testing.assert_frame_equal(table(calm, columns, name), table(down, columns, name))
    boards_of = "day, board, member_id, score"
    last = f"day = '{END.date() - DAY}'"
    pd.testing.assert_frame_equal(
        table(calm, boards_of, "leaderboard_rankings", last),
        table(down, boards_of, "leaderboard_rankings", last),
    )
    assert_sound(down)


def test_three_days_without_a_daemon_lose_no_point_and_break_no_streak(lives: Lives) -> None:
    """Over a weekend's end: two weekdays nobody could watch, and a week to close late."""
    calm, down = lives.calm, lives.with_outage(*LONG)
    # Every point is there, whatever hour it was earned in.
    for name in ("member_points", "xp_states"):
        columns = EQUAL_AFTER_HOURS[name]
        pd.testing.assert_frame_equal(table(calm, columns, name), table(down, columns, name))
    # What the app dated itself is on its own day, also on those nobody watched.
    awarded = ("day, member_id, contribution_points", "daily_points", "contribution_points > 0")
    pd.testing.assert_frame_equal(table(calm, *awarded), table(down, *awarded))
    # XP carries no date: what was gained meanwhile counts for the day it was seen on. All other
    # days are as they would have been.
    lost_days = {date(2026, 3, 6), date(2026, 3, 7), date(2026, 3, 8), date(2026, 3, 9)}
    points = ("day, member_id, discord_points", "daily_points")
    days = [table(world, *points).groupby("day")["discord_points"].sum() for world in (calm, down)]
    assert (
        set((days[0] - days[1].reindex(days[0].index, fill_value=0)).loc[lambda d: d != 0].index)
        <= lost_days
    )
    assert days[0].sum() == days[1].sum()
    # Friday was watched until 06:00 only: it adds for those seen by then and breaks for nobody.
    friday = "day = '2026-03-06'"
    streaks = ("member_id, current_streak, 1", "daily_streaks")
    before = table(down, *streaks, "day = '2026-03-05'").set_index("member_id")["current_streak"]
    after = table(down, *streaks, friday).set_index("member_id")["current_streak"]
    standing = before[before > 0]
    assert (after.reindex(standing.index) >= standing).all()
    broken = table(calm, *streaks, friday + " AND current_streak = 0")
    assert len(broken)  # some did break in the world that was watched: they are spared here
    # Both weeks closed, the missed one late; its standings lack what was seen after it ended.
    periods = "SELECT board, period FROM leaderboards.closed_periods ORDER BY 1, 2"
    pd.testing.assert_frame_equal(calm.query(periods), down.query(periods))
    assert down.query(periods)["period"].tolist() == ["2026-W10", "2026-W11"]
    observed = down.query(
        "SELECT count(*) AS n FROM community.mee6_syncs WHERE status = 'accepted'"
    )
    assert observed["n"][0] == 16 * 8 + 1 - 25
    assert_sound(down)
