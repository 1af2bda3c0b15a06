"""Whatever is computed by hand, and in whatever order things arrive, days end as if made once at the end."""

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest

from trc_pipelines.community.jobs import DAILY_STREAKS, MEE6_SYNC, first_day_to_recompute
from trc_pipelines.community.reviews import review_sync
from trc_pipelines.jobs.contract import JobError
from trc_pipelines_tests.budget import examples
from trc_pipelines_tests.catalogue import (
    CHECKS,
    LEADERBOARD_RECALCULATION,
    LEADERBOARD_WEEKLY_RESET,
)
from trc_pipelines_tests.world import QUARTER, World, board, play_in

# What is tested is which days are computed again; every job runs on both versions elsewhere.
pytestmark = pytest.mark.either

MONDAY = date(2026, 3, 2)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
LINKED = {"ann": 1001, "bob": 1002, "cem": 1003}
DAILY_POINTS = replace(MEE6_SYNC, name="daily_points", steps=MEE6_SYNC.steps[3:])
TABLES = [DAILY_POINTS, DAILY_STREAKS, LEADERBOARD_RECALCULATION]
DERIVED = ["daily_points", "daily_streaks", "leaderboard_rankings"]


def at(day: date, hour: float = 0) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=hour)


def award(world: World, member: str, when: datetime, points: int = 5, **more: object) -> None:
    action = more.get("action", "resource_download")
    world.execute(
        "INSERT INTO community.point_transactions (member_id, action, points, created_at) "
        f"VALUES ('{member}', '{action}', {points}, '{when}')"
    )


def materialise(world: World, now: datetime, first: date, last: date, *jobs: object) -> None:
    """Days made by hand: some tables of some days."""
    for job in jobs or TABLES:
        world.run(job, now, days=(first, last))


def sense(world: World, now: datetime) -> date | None:
    """What the late-points sensor asks for."""
    with world.database.transaction(commit=False) as transaction:
        return first_day_to_recompute(transaction, world.settings, now)


def converge(world: World, now: datetime) -> None:
    """Run what the sensor asks for, once: then it must be content."""
    first = sense(world, now)
    if first is not None:
        materialise(world, now, first, now.date())
    assert sense(world, now) is None


def derived(world: World) -> dict[str, list[tuple]]:
    return {
        table: sorted(
            world.query(f"SELECT * FROM community.{table}").astype(str).itertuples(index=False)
        )
        for table in DERIVED
    }


def computed_anew(world: World, now: datetime) -> dict[str, list[tuple]]:
    """All days made once more from nothing, as one range."""
    first = world.query("SELECT min(day) AS day FROM community.days")["day"].iat[0]
    for table in ("daily_points", "daily_streaks", "ranking_pages"):
        world.execute(f"DELETE FROM community.{table}")
    world.execute("UPDATE community.days SET is_points_stale = TRUE, streaks_at = NULL")
    materialise(world, now, first, now.date())
    return derived(world)


def broken_checks(world: World) -> list[str]:
    with world.database.transaction(commit=False) as transaction:
        return [check.name for check in CHECKS if not check.find_violations(transaction).empty]


def streak_of(world: World, member: str, day: date) -> int:
    rows = world.query(
        "SELECT current_streak FROM community.daily_streaks "
        f"WHERE member_id = '{member}' AND day = '{day}'"
    )
    return int(rows["current_streak"].iat[0]) if len(rows) else 0


class Days:
    """Days of a world in which members gain XP at noon; the last hour is read unless said otherwise."""

    def __init__(self, world: World) -> None:
        self.world = world
        world.link(LINKED)
        self.xp = dict.fromkeys(LINKED.values(), 1000)
        world.sync(at(MONDAY, 1), dict(self.xp))

    def live(self, day: date, *active: str, observed: bool = True, computed: bool = True) -> None:
        for member in active:
            self.xp[LINKED[member]] += 110
        self.world.sync(at(day, 12), dict(self.xp))
        if observed:
            self.world.sync(at(day, 24))
        if computed:
            self.world.run(DAILY_STREAKS, at(day, 24) + timedelta(minutes=5))
            self.world.run(LEADERBOARD_RECALCULATION, at(day, 24))


def play_week(url: str) -> None:
    """Monday to Friday; ann was not there on Tuesday."""
    with play_in(url) as world:
        days = Days(world)
        for i in range(5):
            days.live(MONDAY + i * DAY, *(["bob"] if i == 1 else ["ann", "bob"]))
        assert days.xp == AFTER_A_WEEK


AFTER_A_WEEK = {1001: 1440, 1002: 1550, 1003: 1000}
after_a_week = pytest.mark.played.with_args(play_week)


@pytest.fixture
def week(world: World) -> World:
    """The community after it."""
    world.simulator.board = board(AFTER_A_WEEK)
    return world


SATURDAY = MONDAY + 5 * DAY


@after_a_week
def test_a_day_made_by_hand_after_a_late_award_leaves_later_days_marked(week: World) -> None:
    now = at(SATURDAY, 6)
    award(week, "ann", at(MONDAY + DAY, 18))
    week.sync(now)
    materialise(week, now, MONDAY + DAY, MONDAY + DAY)
    assert sense(week, now + HOUR) == MONDAY + 2 * DAY
    converge(week, now + HOUR)
    assert streak_of(week, "ann", MONDAY + 4 * DAY) == 5
    assert broken_checks(week) == []
    assert derived(week) == computed_anew(week, now + HOUR)


@pytest.mark.parametrize("job", TABLES, ids=lambda job: job.name)
@after_a_week
def test_one_table_of_one_day_made_by_hand_hides_nothing(week: World, job: object) -> None:
    now = at(SATURDAY, 6)
    award(week, "ann", at(MONDAY + DAY, 18))
    week.sync(now)
    for day in (4, 1, 2, 3):
        materialise(week, now, MONDAY + day * DAY, MONDAY + day * DAY, job)
    converge(week, now + HOUR)
    assert streak_of(week, "ann", MONDAY + 4 * DAY) == 5
    assert derived(week) == computed_anew(week, now + HOUR)


def test_what_came_since_is_added_to_the_day_and_again_it_changes_nothing(world: World) -> None:
    world.link(LINKED)
    world.sync(at(MONDAY, 9), {1001: 1000, 1002: 1000, 1003: 1000})
    award(world, "bob", at(MONDAY, 9), 5)
    world.sync(at(MONDAY, 10), {1001: 1250, 1002: 1000, 1003: 1040})
    rows = "SELECT xmin::text AS version, * FROM community.daily_points ORDER BY member_id"
    before = world.query(rows)
    award(world, "bob", at(MONDAY, 9.5), -3)
    award(world, "ann", at(MONDAY, 9.5), 4, action="admin_adjustment")
    world.sync(at(MONDAY, 11), {1001: 1310, 1002: 1120, 1003: 1040})
    added = world.query(rows)
    # cem did nothing since: that row is as it was written.
    assert (added["version"] == before["version"]).tolist() == [False, False, True]
    assert added["points"].tolist() == [7, 3, 0]
    assert added["xp_gained"].tolist() == [310, 120, 40]
    again = world.run(MEE6_SYNC, at(MONDAY, 11))["community.daily_points"]
    assert (again.affected, again.by_day[MONDAY]["rows"]) == (0, 3)
    pd.testing.assert_frame_equal(world.query(rows), added)
    # A person who names the day has it computed from everything; nothing is different then.
    assert (
        world.run(DAILY_POINTS, at(MONDAY, 12), days=(MONDAY, MONDAY))[
            "community.daily_points"
        ].affected
        == 0
    )


@after_a_week
def test_verify_sees_a_streak_that_is_wrong_and_not_marked(week: World) -> None:
    assert broken_checks(week) == []
    week.execute(
        "UPDATE community.daily_streaks SET current_streak = 1 "
        f"WHERE member_id = 'bob' AND day = '{MONDAY + 3 * DAY}'"
    )
    assert "streaks_follow_activity" in broken_checks(week)
    week.execute(f"UPDATE community.days SET is_streaks_stale = TRUE WHERE day >= '{MONDAY}'")
    assert "streaks_follow_activity" not in broken_checks(week)


@after_a_week
def test_verify_sees_a_streak_that_is_missing(week: World) -> None:
    week.execute(
        f"DELETE FROM community.daily_streaks WHERE member_id = 'bob' AND day = '{MONDAY + 4 * DAY}'"
    )
    assert "streaks_follow_activity" in broken_checks(week)


@pytest.mark.parametrize("column", ["active_members", "points", "xp_gained", "member_days"])
@after_a_week
def test_verify_sees_figures_of_a_day_that_its_members_do_not_have(
    week: World, column: str
) -> None:
    week.execute(
        f"UPDATE community.counted_days SET {column} = {column} + 1 WHERE day = '{MONDAY + DAY}'"
    )
    assert broken_checks(week) == ["day_figures_match_the_members"]
    materialise(week, at(MONDAY + 5 * DAY), MONDAY + DAY, MONDAY + DAY, DAILY_POINTS)
    assert broken_checks(week) == []


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE community.streak_lengths SET reached = reached + 1 WHERE day = '{day}'",
        "UPDATE community.streak_lengths SET standing = standing + 1 WHERE day = '{day}'",
        "UPDATE community.streak_lengths SET length = length + 1 WHERE day = '{day}'",
        "DELETE FROM community.streak_lengths WHERE day = '{day}'",
        "INSERT INTO community.streak_lengths VALUES ('{day}', 99, 0, 0)",
    ],
)
@after_a_week
def test_verify_sees_lengths_of_streaks_that_nobody_has(week: World, edit: str) -> None:
    week.execute(edit.format(day=MONDAY + DAY))
    assert broken_checks(week) == ["streak_figures_match_the_members"]
    materialise(week, at(MONDAY + 5 * DAY), MONDAY + DAY, MONDAY + 4 * DAY, DAILY_STREAKS)
    assert broken_checks(week) == []


@pytest.mark.parametrize("board", ["global", "weekly", "monthly"])
@after_a_week
def test_verify_sees_a_score_that_is_wrong_and_not_marked(week: World, board: str) -> None:
    week.execute(
        "UPDATE community.ranking_pages SET scores[1] = 100 "
        f"WHERE first_rank = 1 AND board = '{board}' AND day = '{MONDAY + 2 * DAY}'"
    )
    assert broken_checks(week) == ["board_scores_match_the_ledger"]
    week.execute("UPDATE community.days SET is_boards_stale = TRUE")
    assert broken_checks(week) == []


def test_a_midnight_sync_that_comes_after_the_streaks_makes_the_day_observed(world: World) -> None:
    days = Days(world)
    tuesday = MONDAY + DAY
    days.live(MONDAY, "ann", "bob")
    days.live(tuesday, "ann", observed=False)
    assert streak_of(world, "bob", tuesday) == 1  # nobody knows
    days.world.sync(at(tuesday, 24))  # the 00:00 sync took ten minutes, and nobody gained
    assert sense(world, at(tuesday, 30)) == tuesday
    converge(world, at(tuesday, 30))
    assert streak_of(world, "bob", tuesday) == 0


def test_an_approved_reading_makes_its_day_observed(world: World) -> None:
    days = Days(world)
    tuesday = MONDAY + DAY
    days.live(MONDAY, "ann", "bob")
    days.live(tuesday, "ann", observed=False)
    world.sync(at(tuesday, 24), {})  # nobody is on the board: quarantined
    assert sense(world, at(tuesday, 30)) is None
    assert streak_of(world, "bob", tuesday) == 1
    with world.database.transaction() as transaction:
        review_sync(
            transaction, int(at(tuesday, 24).timestamp()), "rebaseline",
            reason="seen", reviewed_by="cli", now=at(tuesday, 30),
        )  # fmt: skip
    converge(world, at(tuesday, 30))
    assert streak_of(world, "bob", tuesday) == 0


def test_a_day_computed_while_it_was_open_is_computed_again_though_a_night_was_missed(
    world: World,
) -> None:
    days = Days(world)
    tuesday, wednesday = MONDAY + DAY, MONDAY + 2 * DAY
    days.live(MONDAY, "ann", "bob")
    world.run(DAILY_STREAKS, at(tuesday, 9), days=(tuesday, tuesday))
    days.live(tuesday, "ann", computed=False)
    days.live(wednesday, "ann", computed=False)
    world.run(DAILY_STREAKS, at(wednesday, 24) + timedelta(minutes=5))
    assert [streak_of(world, m, tuesday) for m in ("ann", "bob")] == [2, 0]
    assert [streak_of(world, m, wednesday) for m in ("ann", "bob")] == [3, 0]


def test_a_day_computed_while_it_was_open_is_marked_for_the_sensor(world: World) -> None:
    days = Days(world)
    tuesday = MONDAY + DAY
    days.live(MONDAY, "ann", "bob")
    days.live(tuesday, "ann", computed=False)
    world.run(LEADERBOARD_RECALCULATION, at(tuesday, 24))
    world.run(DAILY_STREAKS, at(tuesday, 23.9), days=(tuesday, tuesday))
    assert sense(world, at(tuesday, 23.9)) is None  # not before it is over
    assert sense(world, at(tuesday, 30)) == tuesday


def test_switching_the_sync_off_changes_no_day_that_is_over(world: World) -> None:
    days = Days(world)
    tuesday = MONDAY + DAY
    days.live(MONDAY, "ann", "bob")
    days.live(tuesday, "ann", observed=False)
    world.settings = world.settings.model_copy(update={"mee6_sync_enabled": False})
    world.run(MEE6_SYNC, at(tuesday, 36))
    materialise(world, at(tuesday, 36), MONDAY, tuesday)
    assert streak_of(world, "bob", tuesday) == 1
    # From then on a day without activity breaks: nobody waits for a reading.
    world.run(DAILY_STREAKS, at(tuesday, 48) + timedelta(minutes=5))
    assert streak_of(world, "bob", tuesday + DAY) == 0
    world.settings = world.settings.model_copy(update={"mee6_sync_enabled": True})
    materialise(world, at(tuesday, 60), MONDAY, tuesday + DAY)
    assert streak_of(world, "bob", tuesday + DAY) == 0


def test_streaks_say_how_many_grew_and_how_many_broke(world: World) -> None:
    days = Days(world)
    days.live(MONDAY, "ann", "bob", "cem")
    days.live(MONDAY + DAY, "ann", computed=False)
    result = world.run(DAILY_STREAKS, at(MONDAY, 48) + timedelta(minutes=5))
    details = result["community.daily_streaks"].details
    assert (details["streaks_extended"], details["streaks_broken"]) == (1, 2)


@after_a_week
def test_activity_on_a_weekend_extends_no_streak_and_breaks_none(week: World) -> None:
    """Of ann a streak stands, of cem none."""
    for member in ("ann", "cem"):
        award(week, member, at(SATURDAY, 9))
    week.sync(at(SATURDAY, 12))
    result = week.run(DAILY_STREAKS, at(SATURDAY, 24) + timedelta(minutes=5))
    assert result["community.daily_streaks"].by_day[SATURDAY] == {
        "streaks_standing": 2,
        "streaks_extended": 0,
        "streaks_broken": 0,
        "rows": 3,
        "weekdays_of_the_longest": 5,
        "rows_written": 3,
    }


@after_a_week
def test_who_has_0_points_is_on_no_board_and_in_no_archive(week: World) -> None:
    for hour, points in ((10, 7), (11, -7)):
        award(week, "cem", at(SATURDAY, hour), points, action="admin_adjustment")
        award(week, "dee", at(SATURDAY, hour), points)
        award(week, "eve", at(SATURDAY + (hour - 10) * DAY, 9), points)
    week.execute(
        "INSERT INTO community.members (member_id, subscription_status) "
        "VALUES ('dee', 'ACTIVE'), ('eve', 'ACTIVE')"
    )
    monday = at(MONDAY + 7 * DAY)
    week.sync(at(SATURDAY, 24))
    week.sync(monday)
    converge(week, monday + HOUR)
    week.run(LEADERBOARD_WEEKLY_RESET, monday + HOUR)
    boards = week.query(
        "SELECT board, member_id, score FROM community.leaderboard_rankings "
        f"WHERE day = '{SATURDAY + DAY}'"
    )
    expected = {("ann", 4), ("bob", 5)}
    for _, rows in boards.groupby("board"):
        assert set(zip(rows["member_id"], rows["score"], strict=True)) == expected
    archived = week.query("SELECT member_id, score FROM community.leaderboard_archive")
    assert set(zip(archived["member_id"], archived["score"], strict=True)) == expected


@pytest.mark.parametrize("seed", range(examples(2)))
def test_any_order_of_late_awards_readings_decisions_and_days_made_by_hand_converges(
    world: World, seed: int
) -> None:
    rng = random.Random(seed)
    days = Days(world)
    waiting: list[datetime] = []
    for number in range(9):
        day = MONDAY + number * DAY
        active = [member for member in LINKED if rng.random() < 0.7]
        days.live(day, *active, observed=rng.random() < 0.6, computed=rng.random() < 0.6)
        for _ in range(rng.randrange(4)):
            now = at(day, 24) + rng.randrange(1, 20) * QUARTER
            first = MONDAY + rng.randrange(number + 1) * DAY
            last = min(first + rng.choice([0, 0, 1, 3]) * DAY, day + DAY)
            match rng.choice(["award", "hand", "hand", "sync", "quarantine", "decide", "sensor"]):
                case "award":
                    points = rng.choice([5, -5, 40])
                    award(world, rng.choice(list(LINKED)), at(first, rng.uniform(0, 24)), points)
                case "hand":
                    jobs = rng.sample(TABLES, rng.randrange(1, 4))
                    try:
                        materialise(world, now, first, last, *jobs)
                    except JobError as error:
                        assert "which are missing" in str(error)  # noqa: PT017
                case "sync":
                    world.sync(now, dict(days.xp))
                case "quarantine":
                    if not world.sync(now, {})["community.mee6_leaderboard_snapshot"].success:
                        waiting.append(now)
                case "decide" if waiting:
                    decision = rng.choice(["approve", "rebaseline", "discard"])
                    try:
                        with world.database.transaction() as transaction:
                            review_sync(
                                transaction, int(waiting.pop().timestamp()), decision,
                                reason="seen", reviewed_by="cli", now=now,
                            )  # fmt: skip
                    except JobError as error:
                        assert "was accepted since" in str(error) or "only a quarantined" in str(  # noqa: PT017
                            error
                        )
                case "sensor":
                    wanted = sense(world, now)
                    if wanted is not None:
                        materialise(world, now, wanted, now.date())
            assert set(broken_checks(world)) <= {"app_transactions_are_posted"}
    now = at(MONDAY + 10 * DAY, 6)
    world.sync(now, dict(days.xp))
    converge(world, now)
    assert broken_checks(world) == []
    reached = derived(world)
    assert reached == computed_anew(world, now)
    assert pd.DataFrame(reached["daily_streaks"]).size


def award_in_february(world: World) -> datetime:
    """An app with a history that is posted and not yet summed up; a moment of 3 March."""
    for day in (23, 24, 25, 26, 27):
        award(world, "ann", datetime(2026, 2, day, 12, tzinfo=UTC), 29)
    now = at(MONDAY + DAY, 0.1)
    world.settings = world.settings.model_copy(update={"mee6_sync_enabled": False})
    world.run(replace(MEE6_SYNC, steps=MEE6_SYNC.steps[:3]), now)
    return now


def test_streaks_are_not_computed_from_points_that_are_stale(world: World) -> None:
    now = award_in_february(world)
    friday = date(2026, 2, 27)
    result = world.run(DAILY_STREAKS, now, days=(date(2026, 2, 23), friday))
    assert result["community.daily_streaks"].details["streaks_standing"] == 1
    assert "stale" in result["community.daily_streaks"].message
    assert streak_of(world, "ann", friday) == 5


def test_boards_are_not_ranked_from_points_that_are_stale(world: World) -> None:
    world.link({"ann": 1001})
    now = award_in_february(world)
    award(world, "ann", now - HOUR, 29)
    world.run(replace(MEE6_SYNC, steps=MEE6_SYNC.steps[:3]), now)
    friday = date(2026, 2, 27)
    world.run(LEADERBOARD_RECALCULATION, now, days=(friday, friday))
    scores = world.query(
        f"SELECT board, score FROM community.leaderboard_rankings WHERE day = '{friday}'"
    )
    assert dict(zip(scores["board"], scores["score"], strict=True)) == {
        "global": 145, "weekly": 145, "monthly": 145,
    }  # fmt: skip


@after_a_week
def test_streaks_of_a_day_take_stale_streaks_before_it_along(week: World) -> None:
    now = at(SATURDAY, 6)
    award(week, "ann", at(MONDAY + DAY, 18))
    week.sync(now)
    friday = MONDAY + 4 * DAY
    week.run(DAILY_STREAKS, now, days=(friday, friday))
    assert streak_of(week, "ann", friday) == 5
