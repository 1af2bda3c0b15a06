"""Odd circumstances, each of which once broke a promise."""

import contextlib
from datetime import timedelta, timezone

import psycopg2
import pytest
import sqlalchemy.exc
from sqlalchemy.engine import make_url

from trc_pipelines.community.jobs import MEE6_SYNC
from trc_pipelines.jobs.contract import JobError, Options
from trc_pipelines.jobs.execution import perform
from trc_pipelines_tests.world import NOON, QUARTER, World

LINKED = {f"m{i}": 1000 + i for i in range(5)}
FIGURES = dict.fromkeys(LINKED.values(), 1000)
SNAPSHOT = "community.mee6_leaderboard_snapshot"


@pytest.fixture
def running(world: World) -> World:
    world.link(LINKED)
    world.sync(NOON, FIGURES)
    return world


def test_a_sync_for_a_time_to_come_does_not_make_every_sync_until_then_stale(
    running: World,
) -> None:
    """`--as-of 2027-…` instead of 2026: accepted for good, and every real sync is quarantined."""
    with contextlib.suppress(JobError):  # refusing it is right
        perform(
            running.database,
            running.settings,
            MEE6_SYNC,
            Options(NOON + timedelta(days=365), NOON + QUARTER, "typo", "test"),
        )
    assert running.sync(NOON + 2 * QUARTER, FIGURES)[SNAPSHOT].success


def test_xp_of_an_account_is_not_paid_again_when_it_passes_to_another_member_while_absent(
    running: World,
) -> None:
    """It was absent for the new member, but not new: its XP was there before, and paid."""
    running.sync(NOON + QUARTER, {**FIGURES, 1000: 1500})
    assert running.points() == {"m0": 5}
    running.execute(
        "UPDATE community.members SET discord_id = NULL WHERE member_id = 'm0'; "
        "INSERT INTO community.members (member_id, discord_id) VALUES ('zoe', 1000)"
    )
    without = {account: xp for account, xp in FIGURES.items() if account != 1000}
    running.sync(NOON + 2 * QUARTER, without)  # one reading, or an hour off the board
    running.sync(NOON + 6 * QUARTER, {**FIGURES, 1000: 1510})
    assert running.points() == {"m0": 5}  # now: zoe 15, for 10 XP


@pytest.mark.parametrize("moment", ["infinity", "-infinity"])
def test_one_odd_award_of_the_app_does_not_stop_all_points(running: World, moment: str) -> None:
    """A time PostgreSQL accepts and Arrow cannot hold: every posting fails until a person finds it."""
    running.execute(
        "INSERT INTO community.point_transactions (member_id, action, points, created_at) VALUES "
        f"('m0', 'resource_download', 5, '{moment}'), ('m1', 'resource_download', 5, '{NOON}')"
    )
    running.sync(NOON + QUARTER, dict.fromkeys(LINKED.values(), 1100))
    points = running.points()
    assert points["m1"] == 6
    assert points["m2"] == 1


def test_a_reader_of_the_snapshots_does_not_stop_the_first_sync_of_a_day(running: World) -> None:
    """CREATE TABLE … PARTITION OF needs the table to itself: pg_dump over midnight, an analyst's query."""
    url = make_url(running.database.url).set(drivername="postgresql")
    reader = psycopg2.connect(url.render_as_string(hide_password=False))
    try:
        reader.cursor().execute("SELECT count(*) FROM community.discord_activity")
        results = running.sync(NOON + timedelta(days=1), FIGURES)
        assert results[SNAPSHOT].success
    finally:
        reader.close()


def test_a_logical_time_given_in_another_zone_is_the_same_instant(running: World) -> None:
    """01:00 at +02:00 is the day before in UTC."""
    moment = (NOON + timedelta(hours=35)).astimezone(timezone(timedelta(hours=2)))
    assert moment.date() == NOON.date() + timedelta(days=2)
    assert running.sync(moment, FIGURES)[SNAPSHOT].success


@pytest.mark.parametrize("role", ["origin", "replica"])
def test_an_accepted_sync_cannot_be_removed_by_hand_from_under_its_entries(
    running: World, role: str
) -> None:
    running.sync(NOON + QUARTER, dict.fromkeys(LINKED.values(), 1100))
    with pytest.raises(sqlalchemy.exc.DBAPIError):
        running.execute(f"SET session_replication_role = {role}; DELETE FROM community.mee6_syncs")


def test_an_older_quarantined_sync_cannot_be_accepted_after_a_newer_one(running: World) -> None:
    """Deltas go in order; out of it, -1,000 and +1,000 XP are posted that nobody lost or gained."""
    running.sync(NOON + QUARTER, dict.fromkeys(LINKED.values(), 0))
    running.sync(NOON + 2 * QUARTER, dict.fromkeys(LINKED.values(), 1300))
    with pytest.raises(sqlalchemy.exc.DBAPIError, match="a newer one has been"):
        running.execute(
            "UPDATE community.mee6_syncs SET status = 'accepted', reviewed_at = now(), "
            "reviewed_by = 'cli', review_reason = 'late' WHERE status = 'quarantined'"
        )
