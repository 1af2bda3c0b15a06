"""The day the app's old jobs stop: its history is taken over, and nothing is paid twice."""

from datetime import UTC, date, datetime, timedelta

import pytest

from trc_pipelines.community.conditions import find_conditions
from trc_pipelines.community.jobs import DAILY_STREAKS, RECOMPUTE_DAYS, first_day_to_recompute
from trc_pipelines.jobs.contract import JobError
from trc_pipelines_tests.catalogue import CHECKS, LEADERBOARD_WEEKLY_RESET
from trc_pipelines_tests.world import QUARTER, World

pytestmark = pytest.mark.either

# A Wednesday, 00:00.
CUT_OVER = datetime(2026, 3, 4, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TUESDAY = date(2026, 3, 3)
# Seven weekdays until the cut-over.
WEEKDAYS = [date(2026, 2, day) for day in (23, 24, 25, 26, 27)] + [date(2026, 3, 2), TUESDAY]


def award(world: World, member: str, when: datetime, points: int, action: str) -> None:
    world.execute(
        "INSERT INTO community.point_transactions (member_id, action, points, created_at) "
        f"VALUES ('{member}', '{action}', {points}, '{when}')"
    )


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def streaks(world: World, day: date) -> dict[str, int]:
    rows = world.query(
        f"SELECT member_id, current_streak FROM community.daily_streaks WHERE day = '{day}'"
    )
    return dict(zip(rows["member_id"], rows["current_streak"], strict=True))


def broken_checks(world: World) -> list[str]:
    with world.database.transaction(commit=False) as transaction:
        return [check.name for check in CHECKS if not check.find_violations(transaction).empty]


@pytest.fixture
def taken_over(world: World) -> World:
    """An app with old jobs: ann was active on every weekday, bob not on a Thursday."""
    world.settings = world.settings.model_copy(update={"community_cut_over_at": CUT_OVER})
    world.link({"ann": 1001, "bob": 1002})
    for day in WEEKDAYS:
        # What an admin gave counted for the old job's streaks too.
        action = "admin_adjustment" if day == date(2026, 2, 24) else "discord_activity"
        award(world, "ann", noon(day), 5, action)
        if day != date(2026, 2, 26):
            award(world, "bob", noon(day), 5, "discord_activity")
    return world


def test_what_the_old_job_still_pays_after_the_cut_over_is_refused_and_reported_once(
    taken_over: World,
) -> None:
    world = taken_over
    world.sync(CUT_OVER, {1001: 10_000, 1002: 10_000})
    assert world.points() == {"ann": 35, "bob": 30}
    award(world, "ann", CUT_OVER + 11 * HOUR, 50, "discord_activity")
    award(world, "ann", CUT_OVER + 11 * HOUR, 25, "intro_completed")
    world.sync(CUT_OVER + 12 * HOUR, {1001: 15_040, 1002: 10_000})
    assert world.points() == {"ann": 35 + 50 + 25, "bob": 30}
    with world.database.transaction(commit=False) as transaction:
        [condition] = find_conditions(transaction)
    assert condition.kind == "rejected"
    assert "1 award of the app" in condition.message
    assert "an old job paid XP after the cut-over (2026-03-04T00:00:00Z)" in condition.message
    assert broken_checks(world) == []


def test_readings_before_the_cut_over_pay_nothing(taken_over: World) -> None:
    world = taken_over
    world.sync(CUT_OVER - 2 * QUARTER, {1001: 1000, 1002: 1000})
    world.sync(CUT_OVER - QUARTER, {1001: 1300, 1002: 1000})
    world.sync(CUT_OVER, {1001: 1650, 1002: 1000})
    assert world.points() == {"ann": 35, "bob": 30}
    world.sync(CUT_OVER + QUARTER, {1001: 1900, 1002: 1000})
    assert world.points() == {"ann": 35 + 2, "bob": 30}
    assert broken_checks(world) == []


def test_xp_that_the_old_job_may_have_paid_is_not_paid_by_the_first_reading_after_it(
    taken_over: World,
) -> None:
    world = taken_over
    world.sync(CUT_OVER - QUARTER, {1001: 1000, 1002: 1000})
    award(world, "ann", CUT_OVER - timedelta(minutes=5), 3, "discord_activity")
    world.sync(CUT_OVER + QUARTER, {1001: 1300, 1002: 1000})
    assert world.points() == {"ann": 35 + 3, "bob": 30}
    world.sync(CUT_OVER + 2 * QUARTER, {1001: 1500, 1002: 1000})
    assert world.points() == {"ann": 35 + 3 + 2, "bob": 30}


def test_imported_streaks_stay_equal_after_a_late_award(taken_over: World) -> None:
    world = taken_over
    world.sync(CUT_OVER + QUARTER, {1001: 1000, 1002: 1000})
    world.run(DAILY_STREAKS, CUT_OVER + HOUR)
    # Nobody read anything, and still bob's Thursday broke his streak, as the old job had it.
    assert streaks(world, TUESDAY) == {"ann": 7, "bob": 3}
    award(world, "bob", noon(date(2026, 2, 26)), 5, "resource_download")
    now = CUT_OVER + 2 * HOUR
    world.sync(now)
    assert world.points() == {"ann": 35, "bob": 35}
    with world.database.transaction(commit=False) as transaction:
        first = first_day_to_recompute(transaction, world.settings, now)
    world.run(RECOMPUTE_DAYS, now, days=(first, now.date()))
    assert streaks(world, TUESDAY) == {"ann": 7, "bob": 3}
    assert broken_checks(world) == []
    # What comes after goes on from there.
    world.sync(CUT_OVER + 12 * HOUR, {1001: 1200, 1002: 1200})
    world.sync(CUT_OVER + DAY)
    world.run(DAILY_STREAKS, CUT_OVER + DAY + HOUR)
    assert streaks(world, TUESDAY + DAY) == {"ann": 8, "bob": 4}
    result = world.run(DAILY_STREAKS, CUT_OVER + DAY + HOUR, days=(WEEKDAYS[0], TUESDAY))
    assert "taken over" in result["community.daily_streaks"].message
    assert broken_checks(world) == []


def test_streaks_are_not_taken_over_before_the_app_s_awards_are_read(taken_over: World) -> None:
    world = taken_over
    world.run(DAILY_STREAKS, CUT_OVER + timedelta(minutes=5))
    world.sync(CUT_OVER + QUARTER, {1001: 1000, 1002: 1000})
    world.run(DAILY_STREAKS, CUT_OVER + HOUR)
    assert streaks(world, TUESDAY) == {"ann": 7, "bob": 3}


def test_weeks_that_ended_before_the_cut_over_are_not_reset_again(taken_over: World) -> None:
    world = taken_over
    world.sync(CUT_OVER + QUARTER, {1001: 1000, 1002: 1000})
    world.run(LEADERBOARD_WEEKLY_RESET, CUT_OVER + HOUR)
    assert world.query("SELECT * FROM leaderboards.closed_periods").empty
    world.run(LEADERBOARD_WEEKLY_RESET, CUT_OVER + 8 * DAY)
    closed = world.query("SELECT period FROM leaderboards.closed_periods")
    assert closed["period"].tolist() == ["2026-W10"]


@pytest.mark.parametrize("later", [None, CUT_OVER + DAY])
def test_another_moment_than_the_recorded_one_is_refused_by_name(
    taken_over: World, later: datetime | None
) -> None:
    world = taken_over
    world.sync(CUT_OVER + QUARTER, {1001: 1000, 1002: 1000})
    world.settings = world.settings.model_copy(update={"community_cut_over_at": later})
    with pytest.raises(JobError, match="set COMMUNITY_CUT_OVER_AT=2026-03-04T00:00:00Z"):
        world.sync(CUT_OVER + HOUR)
