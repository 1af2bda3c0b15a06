"""Weeks and months close once, with everything that belongs to them and nothing that came later."""

import json
import threading
from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest
import sqlalchemy.exc

from trc_pipelines.community.accounts import find_accounts
from trc_pipelines.community.boards import BOARDS
from trc_pipelines.jobs.contract import Result
from trc_pipelines.leaderboards.closing import GRACE, find_due_periods
from trc_pipelines_tests.catalogue import (
    LEADERBOARD_MONTHLY_RESET,
    LEADERBOARD_RECALCULATION,
    LEADERBOARD_WEEKLY_RESET,
)
from trc_pipelines_tests.world import QUARTER, World

# What is tried here are rules and statements, not the server.
pytestmark = pytest.mark.either

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
WEEK, HOUR = timedelta(days=7), timedelta(hours=1)
ARCHIVE = "community.leaderboard_archive"
LINKED = {"ann": 1001, "bob": 1002}


@pytest.fixture
def week(world: World) -> World:
    """A week in which ann earned 3 points and bob 5, its last quarter of an hour included."""
    world.link(LINKED)
    world.sync(MONDAY + HOUR, {1001: 1000, 1002: 1000})
    world.sync(MONDAY + 30 * HOUR, {1001: 1300, 1002: 1400})
    world.sync(MONDAY + WEEK, {1001: 1300, 1002: 1500})
    return world


def close(world: World, as_of: datetime, **options: object) -> Result:
    return world.run(LEADERBOARD_WEEKLY_RESET, as_of, **options)[ARCHIVE]


def archive(world: World) -> list[tuple]:
    frame = world.query(
        f"SELECT period, rank, member_id, score FROM {ARCHIVE} ORDER BY board, period, rank"
    )
    return list(frame.itertuples(index=False, name=None))


def events(world: World) -> list[dict]:
    frame = world.query("SELECT payload::text FROM operations.domain_events ORDER BY event_id")
    return [json.loads(payload) for payload in frame["payload"]]


STANDINGS = [("2026-W10", 1, "bob", 5), ("2026-W10", 2, "ann", 3)]


def test_a_week_closes_once_with_one_event_and_the_points_of_its_last_minutes(week: World) -> None:
    assert close(week, MONDAY + WEEK).affected == 1
    assert archive(week) == STANDINGS
    again = close(week, MONDAY + WEEK + HOUR)
    assert (again.affected, again.message) == (0, "nothing to do")
    assert archive(week) == STANDINGS
    assert events(week) == [
        {
            "domain": "community", "leaderboard_type": "weekly", "period": "2026-W10",
            "period_start": "2026-03-02", "period_end": "2026-03-09", "players_archived": 2,
        }
    ]  # fmt: skip


def test_the_archive_is_the_board_of_the_last_day(week: World) -> None:
    week.run(LEADERBOARD_RECALCULATION, MONDAY + WEEK)
    close(week, MONDAY + WEEK)
    differing = week.query(
        "SELECT rank, member_id, score, reached_at FROM community.leaderboard_rankings "
        "WHERE board = 'weekly' AND day = '2026-03-08' EXCEPT "
        f"SELECT rank, member_id, score, reached_at FROM {ARCHIVE}"
    )
    assert len(archive(week)) == 2
    assert differing.empty


def test_the_sync_that_ends_the_week_is_waited_for(world: World) -> None:
    world.link(LINKED)
    world.sync(MONDAY + HOUR, {1001: 1000, 1002: 1000})
    world.sync(MONDAY + WEEK - QUARTER, {1001: 1300, 1002: 1400})
    early = close(world, MONDAY + WEEK)
    assert early.affected == 0
    assert "weekly 2026-W10: not everything has arrived yet" in early.message
    world.sync(MONDAY + WEEK, {1001: 1300, 1002: 1500})
    assert close(world, MONDAY + WEEK).affected == 1
    assert archive(world) == STANDINGS


def test_a_source_that_stays_silent_keeps_a_week_open_for_a_day_only(world: World) -> None:
    world.link(LINKED)
    world.sync(MONDAY + HOUR, {1001: 1000, 1002: 1000})
    world.sync(MONDAY + 30 * HOUR, {1001: 1300, 1002: 1500})
    assert close(world, MONDAY + WEEK + GRACE - QUARTER).affected == 0
    assert close(world, MONDAY + WEEK + GRACE).affected == 1


def test_points_being_posted_while_a_week_closes_are_in_it(week: World) -> None:
    with week.database.transaction() as posting:
        posting.execute("jobs/lock_step", table="community.point_ledger")
        ann = find_accounts(posting, pd.DataFrame({"member_id": ["ann"]}))
        posting.stage(
            "staged_entries",
            pd.DataFrame(
                {
                    "account_id": ann, "action": "intro_completed", "points": 25,
                    "effective_at": pd.Timestamp(MONDAY + WEEK - HOUR), "source_key": "late",
                    "effective_on": pd.Timestamp("2026-03-08"), "metadata": "{}",
                    "sync_id": pd.Series([None], dtype="Int64"),
                }
            ),
        )  # fmt: skip
        posting.read("community/insert_entries", run_id="by hand")
        closing = threading.Thread(target=close, args=(week, MONDAY + WEEK))
        closing.start()
        closing.join(0.5)
        assert closing.is_alive()
    closing.join()
    assert archive(week) == [("2026-W10", 1, "ann", 28), ("2026-W10", 2, "bob", 5)]


def test_missed_weeks_and_months_close_oldest_first_each_with_its_own_points(week: World) -> None:
    week.sync(MONDAY + 2 * WEEK - HOUR, {1001: 1400, 1002: 1500})
    week.sync(MONDAY + 5 * WEEK, {1001: 1500, 1002: 1500})
    late = MONDAY + 5 * WEEK + 3 * HOUR
    limited = close(week, late, limit=2)
    assert limited.notes[0] == "closed weekly 2026-W10, weekly 2026-W11"
    assert close(week, late).affected == 4
    closed = week.query(
        "SELECT period, members FROM leaderboards.closed_periods ORDER BY closed_at"
    )
    assert list(closed.itertuples(index=False, name=None)) == [
        ("2026-W10", 2), ("2026-W11", 1), ("2026-W12", 0), ("2026-W13", 0), ("2026-03", 2), ("2026-W14", 1),
    ]  # fmt: skip
    assert [event["period"] for event in events(week)] == closed["period"].tolist()


def test_a_first_of_the_month_that_is_a_monday_closes_both_whoever_comes_first(
    world: World,
) -> None:
    first = datetime(2026, 6, 1, tzinfo=UTC)
    world.link(LINKED)
    world.sync(first - 3 * HOUR, {1001: 1000, 1002: 1000})
    world.sync(first, {1001: 1100, 1002: 1200})
    monthly = world.run(LEADERBOARD_MONTHLY_RESET, first)[ARCHIVE]
    assert monthly.notes == ["closed weekly 2026-W22, monthly 2026-05"]
    assert close(world, first).affected == 0


def test_a_dry_run_closes_nothing_and_tells_the_same(week: World) -> None:
    rehearsed = close(week, MONDAY + WEEK, dry_run=True)
    assert archive(week) == []
    assert events(week) == []
    assert close(week, MONDAY + WEEK) == rehearsed


def test_late_points_move_no_closed_week(week: World) -> None:
    close(week, MONDAY + WEEK)
    week.execute(
        "INSERT INTO community.point_transactions (member_id, action, points, created_at) "
        "VALUES ('ann', 'benchmark_submission', 50, '2026-03-05 10:00Z')"
    )
    week.sync(MONDAY + WEEK + QUARTER)
    assert week.points()["ann"] == 53
    close(week, MONDAY + WEEK + HOUR)
    assert archive(week) == STANDINGS


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE leaderboards.archived_rankings SET score = 9",
        "DELETE FROM leaderboards.closed_periods",
        "TRUNCATE leaderboards.archived_rankings",
        "INSERT INTO leaderboards.archived_rankings SELECT domain, board, period_start, 3, 'eve', 1 "
        "FROM leaderboards.closed_periods",
        "INSERT INTO leaderboards.closed_periods SELECT * FROM leaderboards.closed_periods",
    ],
)
@pytest.mark.parametrize("role", ["origin", "replica"])
def test_a_closed_week_cannot_be_changed_by_hand(week: World, change: str, role: str) -> None:
    close(week, MONDAY + WEEK)
    with pytest.raises(sqlalchemy.exc.DBAPIError):
        week.execute(f"SET session_replication_role = {role}; {change}")
    assert archive(week) == STANDINGS


def test_two_closings_at_once_close_once(week: World) -> None:
    results: list[Result] = []
    threads = [
        threading.Thread(target=lambda: results.append(close(week, MONDAY + WEEK)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(result.affected for result in results) == [0, 0, 0, 1]
    assert archive(week) == STANDINGS
    assert len(events(week)) == 1


def test_nothing_is_due_before_anything_happened(world: World) -> None:
    with world.database.transaction() as transaction:
        due = find_due_periods(transaction, world.settings, BOARDS, MONDAY + WEEK)
    assert due == ([], [])


def test_movement_counts_from_yesterday_within_a_period(week: World) -> None:
    days = (date(2026, 3, 9), date(2026, 3, 9))
    week.run(LEADERBOARD_RECALCULATION, MONDAY + WEEK)
    week.sync(MONDAY + WEEK + HOUR, {1001: 2300, 1002: 1500})
    week.run(LEADERBOARD_RECALCULATION, MONDAY + WEEK + HOUR, days=days)
    moved = week.query(
        "SELECT board, member_id, rank, rank_yesterday, movement "
        "FROM community.current_leaderboards ORDER BY board, rank"
    )
    by_board = {
        board: rows[["member_id", "movement"]].to_dict("records")
        for board, rows in moved.astype({"movement": "Int64"}).groupby("board")
    }
    assert by_board["global"] == [
        {"member_id": "ann", "movement": 1}, {"member_id": "bob", "movement": -1},
    ]  # fmt: skip
    assert by_board["monthly"] == by_board["global"]
    # Monday begins a week: nobody was on its board yesterday.
    assert by_board["weekly"] == [{"member_id": "ann", "movement": None}]
