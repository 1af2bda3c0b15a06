"""Points are posted whatever befalls the reading, and one odd row keeps nobody else waiting."""

import contextlib
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from trc_pipelines.community.conditions import find_conditions
from trc_pipelines.community.jobs import MEE6_SYNC
from trc_pipelines.demo.simulator import failure
from trc_pipelines.jobs.contract import JobError
from trc_pipelines.monitoring.alerts import Condition, reconcile
from trc_pipelines_tests.catalogue import CHECKS, LEADERBOARD_WEEKLY_RESET
from trc_pipelines_tests.plans import explain
from trc_pipelines_tests.world import NOON, QUARTER, World

# What is tried here are rules and statements, not the server.
pytestmark = pytest.mark.either

LINKED = {"ann": 1001, "bob": 1002}
LEDGER = "community.point_ledger"
SNAPSHOT = "community.mee6_leaderboard_snapshot"
ARCHIVE = "community.leaderboard_archive"
MONDAY = datetime(2026, 3, 9, tzinfo=UTC)  # the Monday after NOON
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def award(world: World, member: str, points: object = 5, **columns: object) -> None:
    """A transaction of the app, at noon unless said otherwise."""
    row = {"member_id": member, "action": "resource_download", "points": points}
    row |= {"created_at": str(NOON)} | columns
    values = ", ".join("NULL" if each is None else f"'{each}'" for each in row.values())
    world.execute(f"INSERT INTO community.point_transactions ({', '.join(row)}) VALUES ({values})")


def rejected(world: World) -> dict[str, str]:
    """Reasons by transaction."""
    frame = world.query("SELECT transaction_id, reason FROM community.rejected_transactions")
    return dict(zip(frame["transaction_id"], frame["reason"], strict=True))


def archive(world: World) -> list[tuple]:
    frame = world.query(f"SELECT rank, member_id, score FROM {ARCHIVE} WHERE board = 'weekly'")
    return sorted(frame.itertuples(index=False, name=None))


def close(world: World, as_of: datetime, **options: object) -> str:
    return world.run(LEADERBOARD_WEEKLY_RESET, as_of, **options)[ARCHIVE].message


def conditions(world: World) -> dict[str, str]:
    with world.database.transaction(commit=False) as transaction:
        return {each.kind: each.message for each in find_conditions(transaction)}


def broken_checks(world: World) -> list[str]:
    with world.database.transaction(commit=False) as transaction:
        return [check.name for check in CHECKS if not check.find_violations(transaction).empty]


@pytest.fixture
def running(world: World) -> World:
    """Two linked members, read once."""
    world.link(LINKED)
    world.sync(NOON, {1001: 1000, 1002: 1000})
    return world


# Posting does not depend on reading ---------------------------------------------------------------


def test_awards_of_the_app_are_posted_though_mee6_refuses_from_friday_to_tuesday(
    running: World,
) -> None:
    running.sync(NOON + QUARTER, {1001: 1000, 1002: 1500})  # bob: 5
    friday = NOON + 2 * DAY
    award(running, "ann", 100, created_at=friday)
    for slot in range(5):
        running.simulator.add(failure(401))
        results = running.sync(friday + slot * DAY)
        assert not results[SNAPSHOT].success
        assert results[LEDGER].success
    assert "closed weekly 2026-W10" in close(running, MONDAY + DAY)
    assert archive(running) == [(1, "ann", 100), (2, "bob", 5)]
    states = running.query(
        "SELECT state FROM operations.job_executions WHERE job_name = 'mee6_sync' "
        f"AND as_of >= '{friday}'"
    )
    assert set(states["state"]) == {"failed"}


@pytest.mark.parametrize("trouble", ["quarantined", "past", "no guild", "switched off"])
def test_awards_of_the_app_are_posted_whatever_keeps_a_reading_from_being_believed(
    running: World, trouble: str
) -> None:
    award(running, "ann", 7)
    when, options = NOON + QUARTER, {}
    if trouble == "quarantined":
        running.simulator.board = running.simulator.board.iloc[:0]
    elif trouble == "past":
        options = {"now": when + 3 * HOUR}
    else:
        change = {"mee6_guild_id": None} if trouble == "no guild" else {"mee6_sync_enabled": False}
        running.settings = running.settings.model_copy(update=change)
    refused = pytest.raises(JobError) if trouble in ("past", "no guild") else None
    with refused or contextlib.nullcontext():
        running.run(MEE6_SYNC, when, **options)
    assert running.points() == {"ann": 7}


def test_a_dry_run_shows_what_is_posted_beside_a_reading_that_fails(running: World) -> None:
    award(running, "ann", 7)
    running.simulator.add(failure(401))
    rehearsed = running.run(MEE6_SYNC, NOON + QUARTER, dry_run=True)
    assert rehearsed[LEDGER].details["points_awarded"] == 7
    assert not rehearsed[SNAPSHOT].success
    assert running.points() == {}


def test_points_awarded_and_deducted_are_told_apart(running: World) -> None:
    award(running, "ann", 7)
    award(running, "bob", -3)
    details = running.sync(NOON + QUARTER)[LEDGER].details
    assert (details["points_awarded"], details["points_deducted"]) == (7, 3)


# A period closes when everything known of it is posted --------------------------------------------


def test_a_limited_run_does_not_close_a_week_early(running: World) -> None:
    for member in ("ann", "bob", "cem", "dee", "eve"):
        award(running, member, 10)
        running.link({member: 2000 + ord(member[0])} if member not in LINKED else {})
    running.run(MEE6_SYNC, MONDAY, limit=3)
    assert "2026-W10: not everything has arrived yet" in close(running, MONDAY + QUARTER)
    assert "2026-W10: not everything has arrived yet" in close(running, MONDAY + 2 * DAY)
    running.run(MEE6_SYNC, MONDAY + 2 * DAY)
    assert "closed weekly 2026-W10" in close(running, MONDAY + 2 * DAY)
    assert len(archive(running)) == 5


def test_awards_that_are_known_but_not_posted_keep_a_week_open(running: World) -> None:
    running.sync(MONDAY, {1001: 1300, 1002: 1000})
    award(running, "bob", 50, created_at=MONDAY - HOUR)
    assert "not everything has arrived yet" in close(running, MONDAY)
    running.sync(MONDAY + QUARTER)
    close(running, MONDAY + QUARTER)
    assert archive(running) == [(1, "bob", 50), (2, "ann", 3)]


def test_awards_of_the_next_week_keep_no_week_open(running: World) -> None:
    running.sync(MONDAY, {1001: 1300, 1002: 1000})
    award(running, "bob", 50, created_at=MONDAY)
    assert "closed weekly 2026-W10" in close(running, MONDAY)


def test_a_reading_that_waits_for_a_decision_keeps_its_week_open(running: World) -> None:
    members = {f"m{i}": 3000 + i for i in range(10)}
    running.link(members)
    award(running, "ann", 5)
    board = {1001: 1000, 1002: 1000} | dict.fromkeys(members.values(), 1000)
    running.sync(NOON + QUARTER, board)
    running.sync(MONDAY - HOUR, {account: xp - 900 for account, xp in board.items()})
    assert "not everything has arrived yet" in close(running, MONDAY + 3 * DAY)
    running.sync(MONDAY + 3 * DAY, board)  # accepted: it supersedes the other
    assert "closed weekly 2026-W10" in close(running, MONDAY + 3 * DAY)


def test_a_missing_reading_keeps_a_week_open_for_a_day(running: World) -> None:
    award(running, "ann", 5)
    running.sync(NOON + QUARTER)
    for moment in (MONDAY, MONDAY + DAY - QUARTER):
        running.simulator.add(failure(401))
        running.sync(moment)
        assert "not everything has arrived yet" in close(running, moment)
    assert "closed weekly 2026-W10" in close(running, MONDAY + DAY)


def test_a_skipped_sync_is_no_reading(running: World) -> None:
    award(running, "ann", 5)
    running.sync(NOON + QUARTER)
    running.execute(
        "INSERT INTO community.mee6_blocks (blocked_at, blocked_until) "
        f"VALUES ('{MONDAY - HOUR}', '{MONDAY + HOUR}')"
    )
    assert "skipped" in running.sync(MONDAY)[SNAPSHOT].message
    assert "not everything has arrived yet" in close(running, MONDAY)


def test_with_the_sync_switched_off_a_week_closes_when_the_awards_are_posted(
    running: World,
) -> None:
    award(running, "ann", 5)
    running.settings = running.settings.model_copy(update={"mee6_sync_enabled": False})
    assert "not everything" in close(running, MONDAY) or archive(running) == []
    running.run(MEE6_SYNC, MONDAY)
    assert "closed weekly 2026-W10" in close(running, MONDAY)
    assert archive(running) == [(1, "ann", 5)]


# One poisoned row keeps nobody waiting ------------------------------------------------------------

POISON = {
    "too many points": {"points": 2**63 - 1},
    "too many taken": {"points": -(2**63)},
    "no id": {"transaction_id": ""},
    "beyond a day": {"created_at": str(NOON + 3 * DAY)},
    "infinite": {"created_at": "infinity"},
    "before Christ": {"created_at": "0044-03-15 12:00:00+00 BC"},
    "no member": {"member_id": ""},
}


@pytest.mark.parametrize("poison", POISON)
def test_a_poisoned_award_is_set_aside_and_everything_else_goes_on(
    running: World, poison: str
) -> None:
    row = {"transaction_id": "c77", "member_id": "ann", "points": 5} | POISON[poison]
    award(running, row.pop("member_id"), row.pop("points"), **row)
    award(running, "bob", 5)
    for slot in (1, 2):
        results = running.sync(NOON + slot * QUARTER, {1001: 1000 + 100 * slot, 1002: 1000})
        assert results[LEDGER].success
    assert running.points() == {"ann": 2, "bob": 5}
    key = row["transaction_id"]
    assert list(rejected(running)) == [key]
    assert f"{key or '(none)'}: {rejected(running)[key]}" in conditions(running)["rejected"]
    assert broken_checks(running) == []
    assert "closed weekly 2026-W10" in (running.sync(MONDAY) and close(running, MONDAY))


def test_a_poisoned_award_is_posted_once_it_is_mended_and_the_trouble_is_over(
    running: World,
) -> None:
    award(running, "ann", 2**62, transaction_id="c77")
    running.sync(NOON + QUARTER)
    running.execute("UPDATE community.point_transactions SET points = 5")
    running.sync(NOON + 2 * QUARTER)
    assert running.points() == {"ann": 5}
    assert rejected(running) == {}
    assert "rejected" not in conditions(running)


def test_an_award_that_was_edited_after_posting_is_told_and_changes_nothing(
    running: World,
) -> None:
    award(running, "ann", 5, transaction_id="c77")
    running.sync(NOON + QUARTER)
    running.execute("UPDATE community.point_transactions SET points = 50")
    running.sync(NOON + 2 * QUARTER)
    assert running.points() == {"ann": 5}
    assert "edited" in rejected(running)["c77"]
    assert "c77" in conditions(running)["rejected"]
    running.execute("UPDATE community.point_transactions SET points = 5")
    running.sync(NOON + 3 * QUARTER)
    assert rejected(running) == {}


def test_an_id_that_is_there_twice_is_set_aside(running: World) -> None:
    award(running, "bob", 5)
    running.execute(
        "ALTER TABLE community.point_transactions DROP CONSTRAINT point_transactions_pkey"
    )
    award(running, "ann", 5, transaction_id="c77")
    award(running, "ann", 6, transaction_id="c77")
    running.sync(NOON + QUARTER)
    assert running.points() == {"bob": 5}
    assert "twice" in rejected(running)["c77"]


def test_ids_that_are_null_are_set_aside_while_the_others_are_posted(running: World) -> None:
    running.execute(
        "ALTER TABLE community.point_transactions DROP CONSTRAINT point_transactions_pkey, "
        "ALTER COLUMN transaction_id DROP NOT NULL, ALTER COLUMN created_at DROP NOT NULL"
    )
    award(running, "bob", 5)
    award(running, "ann", 5, transaction_id=None)
    award(running, "ann", 6, transaction_id=None)
    award(running, "ann", 7, transaction_id="c77", created_at=None)
    for slot in (1, 2):
        running.sync(NOON + slot * QUARTER)
        assert rejected(running) == {"": "it has no id", "c77": "its time is none"}
    assert running.points() == {"bob": 5}
    assert broken_checks(running) == []


def test_awards_with_lower_ids_and_times_that_come_late_are_posted_once(running: World) -> None:
    award(running, "ann", 5, transaction_id="zz")
    award(running, "ann", 5, transaction_id="m", created_at=NOON + HOUR)
    running.sync(NOON + QUARTER)
    award(running, "bob", 5, transaction_id="17", created_at=NOON - HOUR)
    for slot in (2, 3):
        running.sync(NOON + slot * QUARTER)
    assert running.points() == {"ann": 10, "bob": 5}


INTO = "INSERT INTO community.point_transactions (transaction_id, member_id, action, points, created_at) "
MANY = (
    INTO + "SELECT '{}' || g, 'ann', 'resource_download', 1, '{}' FROM generate_series(1, {}) AS g"
)


def test_an_award_dated_before_the_newest_ten_thousand_is_posted_within_a_day(
    running: World,
) -> None:
    running.execute(MANY.format("a", NOON, 24_000))
    running.sync(NOON + QUARTER)
    award(running, "bob", 5, created_at=NOON - HOUR)
    running.execute(MANY.format("b", NOON, 25_000))  # more at once than is looked back
    running.sync(NOON + 2 * QUARTER)
    # Of one time, those with the highest keys are the newest.
    assert running.points() == {"ann": 49_000}
    running.sync(NOON + DAY)
    assert running.points() == {"ann": 49_000, "bob": 5}
    assert broken_checks(running) == []


def test_awards_dated_ahead_or_never_hide_none_that_come(running: World) -> None:
    running.execute(MANY.format("a", NOON + 20 * HOUR, 12_000))
    running.execute(MANY.format("b", "infinity", 12))
    running.execute(MANY.format("c", "-infinity", 12))
    running.sync(NOON + QUARTER)
    award(running, "bob", 5, transaction_id="0", created_at=NOON)
    running.sync(NOON + 2 * QUARTER)
    assert running.points() == {"bob": 5}
    assert len(rejected(running)) == 24


def test_what_a_sync_looks_at_is_found_by_index(running: World) -> None:
    running.execute(MANY.format("a", NOON - HOUR, 11_000))
    running.execute("ANALYZE community.point_transactions")
    running.sync(NOON)
    with running.database.transaction(commit=False) as transaction:
        cursor = transaction.read_row("community/select_posting_cursor")
        keys = sorted(f"a{number}" for number in range(1, 11_001))
        assert (cursor["last_at"], cursor["last_id"]) == (NOON - HOUR, keys[-10_001])
        plans = [
            explain(
                transaction,
                "community/select_transactions_to_post",
                last_at=cursor["last_at"],
                last_id=cursor["last_id"],
                transaction_ids=["a1", ""],
            ),
            explain(transaction, "community/upsert_posting_cursor", now=NOON, swept_on=NOON.date()),
        ]
    for plan in plans:
        assert "Seq Scan on point_transactions" not in plan
        assert "point_transactions_created_at_idx" in plan
    assert "Sort" not in plans[1]


def test_a_limit_leaves_nothing_behind_for_good(running: World) -> None:
    for number in range(6):
        award(running, "ann", 1, transaction_id=number)
    for slot in range(1, 4):
        running.run(MEE6_SYNC, NOON + slot * QUARTER, limit=2)
    assert running.points() == {"ann": 6}


def test_an_award_dated_tomorrow_waits_for_its_day(running: World) -> None:
    award(running, "ann", 5, created_at=NOON + 20 * HOUR)
    running.sync(NOON + QUARTER)
    assert running.points() == {}
    assert rejected(running) == {}
    running.sync(NOON + 13 * HOUR)
    assert running.points() == {"ann": 5}


def test_an_account_that_two_members_claim_counts_for_neither_and_stops_nobody(
    running: World,
) -> None:
    running.execute(
        "ALTER TABLE community.members DROP CONSTRAINT members_discord_id_key; "
        "INSERT INTO community.members (member_id, discord_id) VALUES ('eve', 1001)"
    )
    assert running.sync(NOON + QUARTER, {1001: 1500, 1002: 1200})[SNAPSHOT].success
    assert running.points() == {"bob": 2}
    assert "ann, eve" in conditions(running)["contested"]
    # It lasts until somebody unlinks: a job that is late meanwhile is late all the same.
    with running.database.transaction(commit=False) as transaction:
        late = Condition("stale", MEE6_SYNC.name, "error", "late")
        reconcile(transaction, [*find_conditions(transaction), late], NOON)
        opened = transaction.read_rows("monitoring/select_open_incidents")
    assert {("stale", MEE6_SYNC.name)} <= {(one["kind"], one["subject"]) for one in opened}


def test_the_columns_of_the_list_say_what_is_wrong(running: World) -> None:
    award(running, "ann", 2**62, transaction_id="c77")
    running.sync(NOON + QUARTER)
    row = running.query("SELECT * FROM community.rejected_transactions").iloc[0]
    assert row["member_id"] == "ann"
    assert row["points"] == 2**62
    assert pd.notna(row["first_seen_at"])
