"""The membership gateway, attached: points and streaks are its own, member by member."""

from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import psycopg2
import pytest
from sqlalchemy.engine import make_url

from trc_pipelines.app_relations.inspection import examine
from trc_pipelines.calendar import reporting_day
from trc_pipelines.community.erasures import Stores, erase_person
from trc_pipelines.database.migrations import detach, migrate
from trc_pipelines.database.rights import find_missing_rights
from trc_pipelines.demo.simulator import Simulator
from trc_pipelines.jobs.contract import JobError
from trc_pipelines_tests.adapters.apps import LOGIN, AttachedApp, attach_app
from trc_pipelines_tests.world import board

NAME = "trc-membership-gateway"
RELATIONS = ["community.members", "community.point_actions", "community.point_transactions"]
FOLDER = Path(__file__).parent
FIRST, MONDAY = date(2025, 3, 3), date(2026, 3, 2)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
# The last hour of Wednesday is not read, so it breaks nobody's streak.
UNREAD = MONDAY + 2 * DAY


class Gateway(AttachedApp):
    """The gateway.

    Attributes:
        shown: what the app shows as each member's points, when the old jobs stop.
        taken_over: what the ledger has then.
        readings: what was read of MEE6 from then on.
    """

    first_day = FIRST
    shown: dict[str, int]
    taken_over: dict[str, int]
    readings: list[tuple[datetime, dict[int, int]]]


def at(day: date, hour: float = 0) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=hour)


@pytest.fixture(scope="module")
def gateway(servers: dict[int, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A year of the old jobs, then a week of ours."""
    home = tmp_path_factory.mktemp("gateway")
    with (
        attach_app(
            Gateway, servers[18], NAME, home, FOLDER / "schema.sql", FOLDER / "year.sql"
        ) as app,
        Simulator(board({})) as simulator,
    ):
        take_over(app)
        app.readings = live_a_week(app, simulator)
        yield app


def take_over(app: Gateway) -> None:
    """Post what the app awarded until Sunday and make its days: nobody was away from a reading."""
    live = app.settings
    app.settings = live.model_copy(update={"mee6_sync_enabled": False})
    midnight = at(MONDAY)
    app.run(app.job("mee6_sync"), midnight)
    app.run(app.job("recompute_days"), midnight)
    app.run(app.job("daily_streaks"), midnight + 5 * MINUTE)
    app.settings = live
    app.taken_over = app.points()
    app.shown = shown_points(app)


def live_a_week(app: Gateway, simulator: Simulator) -> list[tuple[datetime, dict[int, int]]]:
    """Every job of the domain at its times; what was read, and when."""
    app.simulator = simulator
    app.settings = app.settings.model_copy(
        update={
            "mee6_guild_id": simulator.guild_id,
            "mee6_base_url": simulator.base_url,
            "mee6_request_interval_seconds": 0,
        }
    )
    drawn = np.random.default_rng(7)
    accounts = [10**18 + n * 7919 for n in range(1, 36)]  # the last of the linked never wrote
    xp = dict.fromkeys(accounts, 5_000)
    readings = []
    for day in (MONDAY + i * DAY for i in range(7)):
        app.execute(
            'INSERT INTO "PointTransaction" (id, "memberId", action, points, "createdAt") '
            f"""SELECT 'c' || md5(id || '{day}'), id, 'resource_download', 5, '{day} 15:00:00.001' """
            f"""FROM "Member" WHERE hashtextextended(id || '{day}', 0) % 3 = 0"""
        )
        for hour in (0.25, 12, 24) if day != UNREAD else (0.25, 12):
            gained = np.where(drawn.random(len(xp)) < 0.3, drawn.integers(1, 250, len(xp)), 0)
            xp = {one: now + int(more) for (one, now), more in zip(xp.items(), gained, strict=True)}
            app.sync(at(day, hour), xp)
            readings.append((at(day, hour), xp))
        app.run(app.job("daily_streaks"), at(day, 24) + 5 * MINUTE)
        app.run(app.job("leaderboard_recalculation"), at(day, 24))
    end = at(MONDAY + 7 * DAY, 25)
    app.sync(end, xp)  # what came late on Wednesday
    readings.append((end, xp))
    closing = ("leaderboard_weekly_reset", "leaderboard_monthly_reset", "housekeeping")
    for name in ("daily_streaks", "recompute_days", "leaderboard_recalculation", *closing):
        app.run(app.job(name), end)
    return readings


def shown_points(app: Gateway) -> dict[str, int]:
    return dict(app.theirs('SELECT id, "totalPoints" FROM "Member"'))


# What it should be, by loops over the app's own tables and what was read.


def awards(app: Gateway) -> list[tuple[str, str, int, date]]:
    rows = app.theirs('SELECT "memberId", action, points, "createdAt" FROM "PointTransaction"')
    return [(*row[:3], row[3].date()) for row in rows]


def members_by_account(app: Gateway) -> dict[int, str]:
    """Who has an account of Discord that nobody else claims."""
    claims = defaultdict(list)
    for member, account in app.theirs('SELECT id, "discordId" FROM "Member"'):
        if (account or "").isascii() and (account or "").isdigit() and account[0] != "0":
            claims[int(account)].append(member)
    return {account: ours[0] for account, ours in claims.items() if len(ours) == 1}


def gains(app: Gateway) -> Iterator[tuple[str, int, date]]:
    """XP gained from reading to reading: member, XP, day."""
    members = members_by_account(app)
    for (_, before), (when, after) in pairwise(app.readings):
        for account in after.keys() & members.keys():
            if after[account] > before[account]:
                yield members[account], after[account] - before[account], reporting_day(when)


def expected_points(app: Gateway) -> dict[str, int]:
    totals, xp = defaultdict(int), defaultdict(int)
    for member, _, points, _ in awards(app):
        totals[member] += points
    for member, gained, _ in gains(app):
        xp[member] += gained
    for member, gained in xp.items():
        totals[member] += gained // 100
    return totals


def expected_streaks(app: Gateway, last: date, unread: set[date]) -> dict[str, int]:
    active = defaultdict(set)
    for member, action, points, day in awards(app):
        if points > 0 and action != "admin_adjustment":
            active[member].add(day)
    for member, _, day in gains(app):
        active[member].add(day)
    streaks = dict.fromkeys(active, 0)
    for member, days in active.items():
        day = FIRST
        while day <= last:
            if day.weekday() < 5 and day in days:
                streaks[member] += 1
            elif day.weekday() < 5 and day not in unread:
                streaks[member] = 0
            day += DAY
    return streaks


def streaks_on(app: Gateway, day: date) -> dict[str, int]:
    rows = app.query(
        f"SELECT member_id, current_streak FROM community.daily_streaks WHERE day = '{day}'"
    )
    return dict(zip(rows["member_id"], rows["current_streak"], strict=True))


def without_zeroes(figures: dict[str, int]) -> dict[str, int]:
    return {member: figure for member, figure in figures.items() if figure}


def test_points_taken_over_are_those_that_the_app_shows(gateway: Gateway) -> None:
    """By its trigger, up to the day the old jobs stopped."""
    assert len(gateway.shown) == 60
    assert gateway.taken_over == gateway.shown


def test_points_follow_from_its_awards_and_the_readings(gateway: Gateway) -> None:
    assert gateway.points() == expected_points(gateway)
    assert sum(gateway.points().values()) > sum(shown_points(gateway).values()) > 50_000


@pytest.mark.parametrize("weeks_ago", [0, 1, 2, 30])
def test_streaks_follow_from_its_awards_and_the_readings(gateway: Gateway, weeks_ago: int) -> None:
    """On Sundays, when a streak of weekdays stands."""
    sunday = MONDAY + 6 * DAY - weeks_ago * timedelta(weeks=1)
    expected = without_zeroes(expected_streaks(gateway, sunday, {UNREAD}))
    assert without_zeroes(streaks_on(gateway, sunday)) == expected
    if not weeks_ago:
        assert expected != without_zeroes(expected_streaks(gateway, sunday, set()))
    assert len(expected) > 30
    assert max(expected.values()) > 5


def test_every_check_is_green(gateway: Gateway) -> None:
    assert gateway.broken() == {}
    [[rejected]] = gateway.query("SELECT count(*) FROM community.rejected_transactions").values
    [[closed]] = gateway.query("SELECT count(*) FROM leaderboards.closed_periods").values
    assert (rejected, closed) == (0, 53 + 12)


def test_what_is_no_snowflake_is_no_linked_account(gateway: Gateway) -> None:
    linked = gateway.query("SELECT discord_id FROM community.members WHERE discord_id IS NOT NULL")
    assert sorted(linked["discord_id"]) == sorted([10**18 + n * 7919 for n in [1, *range(1, 41)]])
    [last] = gateway.query(
        "SELECT requested_count, found_count FROM community.mee6_syncs ORDER BY sync_id DESC LIMIT 1"
    ).itertuples(index=False, name=None)
    assert last == (39, 34)  # two claim the same account: neither is read for


def test_doctor_finds_no_error(gateway: Gateway) -> None:
    """It names the account that two claim, and indexes that only the app's owner can decide on."""
    findings = examine(gateway.database, gateway.catalogue.app_relations)
    assert {(finding.severity, finding.kind) for finding in findings} == {
        ("warning", "duplicates"),
        ("warning", "missing_index"),
    }


def test_the_login_reads_no_more_than_the_views_do(gateway: Gateway) -> None:
    assert find_missing_rights(gateway.database, ["community"], RELATIONS) == []
    for column in ("email", '"passwordHash"'):
        with pytest.raises(Exception, match="permission denied"):
            gateway.query(f'SELECT {column} FROM public."Member"')


def test_the_app_migrates_its_tables_while_it_is_detached(gateway: Gateway) -> None:
    """Prisma sees none of our views, but PostgreSQL refuses to change a column that one reads."""
    url, before = gateway.settings.database_url, gateway.points()
    widen = 'ALTER TABLE "PointConfig" ALTER COLUMN points TYPE bigint'
    with pytest.raises(Exception, match="used by a view"):
        gateway.execute(widen)
    detach(url, gateway.adapter)
    gateway.execute(widen)
    migrate(url, ["community"], attach=gateway.adapter)
    gateway.run(gateway.job("mee6_sync"), at(MONDAY + 7 * DAY, 26))
    assert gateway.points() == before
    assert gateway.broken() == {}


# The day the old jobs stop, and what the app shows itself: three members, two weeks.


class YoungGateway(Gateway):
    """The gateway, of which ann was there on ten working days, bob on the last three, cem never."""

    first_day = MONDAY - 14 * DAY

    def award(self, name: str, action: str, points: int, when: datetime) -> None:
        self.execute(
            'INSERT INTO "PointTransaction" (id, "memberId", action, points, "createdAt") VALUES '
            f"('{action}{when:%m%d%H%M}{name}', '{name}', '{action}', {points}, '{when:%Y-%m-%d %H:%M}')"
        )

    def shown(self) -> dict[str, tuple]:
        rows = self.theirs(
            'SELECT id, "totalPoints", "currentStreak", "lastActiveAt" FROM "Member"'
        )
        return {name: tuple(rest) for name, *rest in rows}


WHAT_IT_SHOWS = (
    'community.shown_members AS SELECT id AS member_id, "totalPoints"::bigint AS total_points, '
    '"currentStreak" AS current_streak, "lastActiveAt" AT TIME ZONE \'UTC\' AS last_active_at '
    'FROM public."Member"'
)


@pytest.fixture
def young(servers: dict[int, str], tmp_path: Path) -> Iterator[YoungGateway]:
    """Everything until the old jobs stop, as Monday begins, and the first quarter of an hour of ours."""
    with (
        attach_app(YoungGateway, servers[16], NAME, tmp_path, FOLDER / "schema.sql") as app,
        Simulator(board({})) as simulator,
    ):
        app.simulator = simulator
        app.settings = app.settings.model_copy(
            update={
                "mee6_guild_id": simulator.guild_id,
                "mee6_base_url": simulator.base_url,
                "mee6_request_interval_seconds": 0,
                "community_cut_over_at": at(MONDAY),
            }
        )
        app.execute(
            'INSERT INTO "Member" (id, "discordId", "discordUsername", "subscriptionStatus", "updatedAt") '
            "SELECT m.name, 1000 + m.n, m.name, 'ACTIVE', now() "
            "FROM (VALUES ('ann', 1), ('bob', 2), ('cem', 3)) AS m (name, n)"
        )
        weekdays = [day for n in range(14, 0, -1) if (day := MONDAY - n * DAY).weekday() < 5]
        for name, days in (("ann", weekdays), ("bob", weekdays[-3:])):
            for day in days:
                app.award(name, "resource_download", 5, at(day, 9))
        # What the old job showed, and what it paid for XP.
        app.award("ann", "discord_activity", 5, at(MONDAY - 2 * DAY, 9))
        app.execute(
            """UPDATE "Member" SET "currentStreak" = 10 WHERE id = 'ann';"""
            """UPDATE "Member" SET "currentStreak" = 3 WHERE id = 'bob';"""
            """INSERT INTO "PointConfig" VALUES ('c1', 'discord_activity', 1, TRUE, 'XP', NULL, now());"""
            f'GRANT SELECT ("totalPoints", "currentStreak", "lastActiveAt") ON "Member" TO {LOGIN}'
        )
        app.sync(at(MONDAY - 2 * DAY, 12), {1001: 5_000, 1002: 5_000, 1003: 5_000})
        app.sync(at(MONDAY - DAY, 12), {1001: 5_500, 1002: 5_000, 1003: 5_000})
        app.sync(at(MONDAY, 0.25), {1001: 5_800, 1002: 5_000, 1003: 5_000})
        app.run(app.job("daily_streaks"), at(MONDAY, 0.5))
        yield app


def test_what_was_before_is_taken_over_and_the_old_job_is_paid_no_more(young: YoungGateway) -> None:
    app, sunday = young, MONDAY - DAY
    assert app.points() == {"ann": 55, "bob": 15}  # 8 for XP would be twice: the old job's 5 are in
    assert without_zeroes(streaks_on(app, sunday)) == {"ann": 10, "bob": 3}
    found = app.differences("community/compare_shown_members", WHAT_IT_SHOWS)
    assert found.empty, found.to_string()

    app.award("bob", "discord_activity", 7, at(MONDAY, 9))  # nobody has stopped it
    app.award("cem", "resource_download", 5, at(MONDAY - 3 * DAY, 9))  # is late
    app.award("bob", "resource_download", 5, at(MONDAY - 6 * DAY, 9))
    app.sync(at(MONDAY, 12), {1001: 6_000, 1002: 5_000, 1003: 5_000})
    app.run(app.job("recompute_days"), at(MONDAY, 12))
    app.run(app.job("daily_streaks"), at(MONDAY + DAY, 0.25))
    assert app.points() == {"ann": 57, "bob": 20, "cem": 5}
    assert without_zeroes(streaks_on(app, sunday)) == {"ann": 10, "bob": 3}
    refused = app.query("SELECT member_id, points FROM community.rejected_transactions")
    assert refused.to_numpy().tolist() == [["bob", 7]]
    found = app.differences("community/compare_shown_members", WHAT_IT_SHOWS)
    rows = found[["id", "figure", "ours", "shown"]].to_numpy().tolist()
    assert [row for row in rows if row[1] == "total_points"] == [
        ["ann", "total_points", "57", "55"],
        ["bob", "total_points", "20", "27"],
    ]
    assert app.broken() == {}


def test_what_the_app_shows_is_written_back_where_that_is_switched_on(young: YoungGateway) -> None:
    app, noon = young, at(MONDAY, 12)
    app.award("bob", "discord_activity", 7, at(MONDAY, 9))  # is refused, and counted by the app
    app.sync(noon, {1001: 6_000, 1002: 5_000, 1003: 5_000})
    app.run(app.job("daily_streaks"), at(MONDAY + DAY, 0.25))
    untouched, schema = app.shown(), app.app_state()
    assert "write_back" not in {job.name for job in app.catalogue.jobs}
    assert untouched["ann"] == (55, 10, None)

    write_back = app.write_back()

    def written(as_of: datetime = noon, **options: object) -> int:
        result = app.run(write_back, as_of, **options)["community.write_back"]
        return result.details.get("members_written", -1)

    # Before the old jobs stop nothing is written.
    assert written(at(MONDAY - DAY)) == -1
    assert written(dry_run=True) == 2
    assert app.shown() == untouched
    app.execute("""UPDATE "Member" SET "leaderboardVisible" = FALSE WHERE id = 'bob'""")
    assert written() == 2
    at_noon, on_friday = (when.replace(tzinfo=None) for when in (noon, at(MONDAY - 3 * DAY, 9)))
    assert app.shown() == {
        "ann": (57, 11, at_noon),
        "bob": (15, 3, on_friday),  # hidden: it is the app that does not show it
        "cem": (0, 0, None),  # nothing is known of cem
    }
    assert written() == 0
    found = app.differences("community/compare_shown_members", WHAT_IT_SHOWS)
    assert found.empty, found.to_string()
    assert app.app_state() == schema

    # What the ledger has not yet is not taken away.
    app.award("ann", "resource_download", 5, at(MONDAY, 13))
    assert (written(), app.shown()["ann"][0]) == (0, 62)

    # Nor is what the app awards at the same time.
    app.execute("""UPDATE "Member" SET "totalPoints" = 1""")
    owner = make_url(app.owner_url).set(drivername="postgresql").render_as_string(False)
    app_session = psycopg2.connect(owner)
    with app_session, app_session.cursor() as cursor, ThreadPoolExecutor(1) as pool:
        cursor.execute(
            'INSERT INTO "PointTransaction" (id, "memberId", action, points, "createdAt") '
            "VALUES ('meanwhile', 'ann', 'resource_download', 100, '2026-03-02 13:30')"
        )
        waiting = pool.submit(written)
        with pytest.raises(TimeoutError):
            waiting.result(timeout=1)
        app_session.commit()
        assert waiting.result(timeout=60) == 2
    app_session.close()
    assert {name: row[0] for name, row in app.shown().items()} == {"ann": 162, "bob": 15, "cem": 1}

    # Who was erased here is nobody's member: the app's row is the app's.
    stores = Stores(app.database, None, app.settings.trc_home)
    erase_person(stores, "bob", reason="by letter", now=at(MONDAY, 14))
    app.execute("""UPDATE "Member" SET "totalPoints" = 3 WHERE id = 'bob'""")
    assert (written(), app.shown()["bob"][0]) == (0, 3)
    assert app.broken() == {}


def test_a_write_back_that_nobody_wrote_is_an_error(young: YoungGateway) -> None:
    write_back = young.write_back()
    detach(young.settings.database_url, young.adapter)
    with pytest.raises(JobError, match=r"no function community\.write_back_members: no app"):
        young.run(write_back, at(MONDAY, 12))
