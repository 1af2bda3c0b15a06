"""A board that cannot be read, or not believed, moves nothing; the next good one catches up."""

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pandas as pd
import psycopg2
import pytest

from trc_pipelines.community.jobs import MEE6_SYNC
from trc_pipelines.demo import simulator as faults
from trc_pipelines.demo.simulator import Fault
from trc_pipelines.jobs.contract import Options, Result
from trc_pipelines.jobs.execution import perform
from trc_pipelines.mee6 import client
from trc_pipelines_tests.world import NOON, QUARTER, World

# What is tested is the client of MEE6.
pytestmark = pytest.mark.either

LINKED = {f"m{i}": 1000 + i for i in range(10)}
FIGURES = {account: 1000 * (i + 1) for i, account in enumerate(LINKED.values())}
GAINED = {account: xp + 150 for account, xp in FIGURES.items()}
SNAPSHOT = "community.mee6_leaderboard_snapshot"
DOWNSTREAM = ["point_ledger", "member_points", "xp_states", "xp_deltas", "daily_points"]


def now_of_monotonic(at: float) -> datetime:
    """What the time was when the monotonic clock said that."""
    return datetime.now(UTC) - timedelta(seconds=time.monotonic() - at)


def http_date(seconds: float) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


@pytest.fixture
def running(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Ten members with a baseline; retries do not fit the deadline, so that a fault is final."""
    monkeypatch.setattr(client, "FIRST_BACKOFF_SECONDS", 600.0)
    monkeypatch.setattr(client, "LONGEST_BACKOFF_SECONDS", 600.0)
    world.settings = world.settings.model_copy(update={"mee6_deadline_seconds": 45.0})
    world.link(LINKED)
    world.sync(NOON - QUARTER, FIGURES)
    world.sync(NOON, GAINED)
    return world


def downstream(world: World) -> list[pd.DataFrame]:
    return [world.query(f"SELECT * FROM community.{table} ORDER BY 1, 2") for table in DOWNSTREAM]


def assert_reading_moved_nothing(results: dict[str, Result]) -> None:
    """The reading failed; what does not need it went on, and found nothing to do."""
    assert not results.pop(SNAPSHOT).success
    assert results
    assert all(result.success and not result.affected for result in results.values())


def assert_same(before: list[pd.DataFrame], after: list[pd.DataFrame]) -> None:
    for old, new in zip(before, after, strict=True):
        pd.testing.assert_frame_equal(old, new)


# Answers nobody can read: the sync fails


@pytest.mark.parametrize(
    ("fault", "words"),
    {
        "challenge_page": (faults.challenge_page(), "not JSON"),
        "wrong_guild": (faults.wrong_guild(), "another guild"),
        "wrong_page": (faults.wrong_page(), "with page 1"),
        "gzip_bomb": (faults.gzip_bomb(64 * 2**20), "bytes"),
        "oversized": (faults.oversized(17 * 2**20), "bytes"),
        "truncated": (faults.truncated(300), "no complete answer"),
        "redirect": (faults.redirect("http://169.254.169.254/latest"), "redirect"),
        "dripping": (faults.dripping(0.05), "no complete answer"),
        "silent": (faults.slow(600), "no complete answer"),
        "unavailable": (faults.failure(503), "503"),
        "private": (faults.failure(401), "public"),
        "forbidden": (faults.failure(403), "public"),
        "not_found": (faults.failure(404), "MEE6_GUILD_ID"),
    }.values(),
    ids=[
        "challenge_page", "wrong_guild", "wrong_page", "gzip_bomb", "oversized", "truncated",
        "redirect", "dripping", "silent", "unavailable", "private", "forbidden", "not_found",
    ],
)  # fmt: skip
def test_an_answer_that_is_no_board_fails_the_sync_in_one_line_and_the_next_one_catches_up(
    running: World, fault: Fault, words: str
) -> None:
    before = downstream(running)
    running.simulator.add(fault)
    if words == "no complete answer":  # nor does one come later
        running.settings = running.settings.model_copy(update={"mee6_deadline_seconds": 0.45})
    results = running.sync(NOON + QUARTER, {a: xp + 70 for a, xp in GAINED.items()})
    assert_reading_moved_nothing(results)
    assert_same(before, downstream(running))
    failed = running.query(
        f"SELECT status, error FROM community.mee6_syncs WHERE synced_at = '{NOON + QUARTER}'"
    )
    assert failed["status"].tolist() == ["failed"]
    assert words in failed["error"].iat[0]
    assert "\n" not in failed["error"].iat[0]

    running.simulator.clear()
    running.settings = running.settings.model_copy(update={"mee6_deadline_seconds": 45.0})
    running.sync(NOON + 2 * QUARTER, {a: xp + 100 for a, xp in GAINED.items()})
    assert running.points() == dict.fromkeys(LINKED, 2)  # 250 XP since the baseline
    assert running.query("SELECT DISTINCT carry FROM community.xp_states")["carry"].tolist() == [50]


# Boards nobody can believe: the sync is quarantined


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (faults.empty_board(), "empty where there used to be players"),
        (faults.half_missing(), "5 of 10 known members are missing"),
        (faults.board_reset(), "total XP fell from"),
    ],
    ids=["empty", "half_missing", "reset"],
)
def test_a_board_that_collapsed_is_quarantined_moves_nothing_and_the_next_good_one_catches_up(
    running: World, fault: Fault, words: str
) -> None:
    before = downstream(running)
    running.simulator.add(fault)
    results = running.sync(NOON + QUARTER, GAINED)
    message = results[SNAPSHOT].message
    assert_reading_moved_nothing(results)
    assert_same(before, downstream(running))
    quarantined = running.query(
        "SELECT status, audit FROM community.mee6_syncs ORDER BY sync_id DESC LIMIT 1"
    )
    assert quarantined["status"].iat[0] == "quarantined"
    assert any(words in finding for finding in quarantined["audit"].iat[0]["findings"])
    assert words in message

    again = running.sync(NOON + QUARTER, GAINED)  # the same slot still waits for a person
    assert not again[SNAPSHOT].success
    running.simulator.clear()
    running.sync(NOON + 2 * QUARTER, {a: xp + 100 for a, xp in GAINED.items()})
    assert running.points() == dict.fromkeys(LINKED, 2)


@pytest.mark.parametrize("role", ["origin", "replica"])
@pytest.mark.parametrize("status", ["quarantined", "failed", "unknown"])
def test_nothing_can_be_derived_from_a_sync_that_was_not_accepted_even_by_hand(
    running: World, status: str, role: str
) -> None:
    """The superuser's own SQL, ordinary triggers switched off."""
    if status != "unknown":
        running.simulator.add(
            faults.board_reset() if status == "quarantined" else faults.challenge_page()
        )
        running.sync(NOON + QUARTER)
    before = downstream(running)
    sync_id = int((NOON + QUARTER).timestamp())
    for statement in [
        "INSERT INTO community.xp_deltas (sync_id, account_id, kind, is_flagged, xp_total, "
        f"xp_delta, baseline_xp, carry_before, whole, carry_after) VALUES ({sync_id}, 1, "
        "'change', FALSE, 2250, 100, 2000, 0, 1, 0)",
        "INSERT INTO community.point_ledger (account_id, action, points, effective_at, effective_on, "
        "source_key, sync_id, metadata, run_id) VALUES (1, 'discord_activity', 1, "
        f"to_timestamp({sync_id}), '2026-03-04', 'by hand', {sync_id}, '{{}}', 'by hand')",
        f"UPDATE community.mee6_syncs SET deltas_at = now() WHERE sync_id = {sync_id}",
    ]:
        if status == "unknown" and statement.startswith("UPDATE"):
            continue
        with pytest.raises(
            Exception, match=r"is not accepted|mee6_syncs_deltas_check|cannot go from"
        ) as caught:
            running.execute(f"SET session_replication_role = {role}; {statement}")
        assert isinstance(getattr(caught.value, "orig", None), psycopg2.Error)
    assert_same(before, downstream(running))


# 429


BLOCKS = [
    (None, timedelta(minutes=30)),
    ("soon", timedelta(minutes=30)),
    ("-5", timedelta(minutes=30)),
    ("0", timedelta(minutes=30)),
    ("nan", timedelta(minutes=30)),
    ("inf", timedelta(minutes=30)),
    ("60", timedelta(minutes=30)),  # shorter than ours
    ("7200", timedelta(hours=2)),
    ("5400.5", timedelta(hours=1, minutes=30)),
    ("999999999", timedelta(hours=24)),
    ("9" * 400, timedelta(minutes=30)),  # no number any more
    (timedelta(hours=2), timedelta(hours=2)),
    (timedelta(hours=-1), timedelta(minutes=30)),
]


def test_a_429_blocks_for_half_an_hour_or_as_long_as_it_asks_but_not_beyond_a_day(
    running: World,
) -> None:
    before = downstream(running)
    # Days apart, so that each is a first strike.
    for days, (stated, expected) in enumerate(BLOCKS):
        header = http_date(stated.total_seconds()) if isinstance(stated, timedelta) else stated
        requests = len(running.simulator.requests)
        running.simulator.add(faults.too_many_requests(header), times=1)
        results = running.sync(NOON + QUARTER + timedelta(days=2 * days))
        assert not results[SNAPSHOT].success
        assert len(running.simulator.requests) == requests + 1
        block = running.query("SELECT * FROM community.mee6_blocks ORDER BY 1 DESC LIMIT 1").iloc[0]
        length = block["blocked_until"] - block["blocked_at"]
        assert abs(length - expected) < timedelta(minutes=5), stated
    assert len(running.query("SELECT * FROM community.mee6_blocks")) == len(BLOCKS)
    assert_same(before, downstream(running))


def test_a_sync_inside_a_block_is_skipped_without_a_request_and_the_one_after_it_catches_up(
    running: World,
) -> None:
    running.simulator.add(faults.too_many_requests(None), times=1)
    blocked_at = NOON + QUARTER
    running.sync(blocked_at, {a: xp + 150 for a, xp in GAINED.items()})
    requests = len(running.simulator.requests)
    running.execute(
        "INSERT INTO community.point_transactions (member_id, action, points, created_at) "
        f"VALUES ('m0', 'resource_download', 5, '{NOON}')"
    )
    for moment in [
        blocked_at,
        blocked_at + QUARTER,
        blocked_at + timedelta(minutes=29, seconds=59),
    ]:
        results = running.sync(moment)
        assert all(result.success for result in results.values())
        assert "skipped: MEE6 asked us to wait" in results[SNAPSHOT].message
    assert len(running.simulator.requests) == requests
    assert running.points()["m0"] == 1 + 5  # what the app awards does not wait for MEE6
    results = running.sync(blocked_at + timedelta(minutes=45))
    assert results[SNAPSHOT].success
    assert len(running.simulator.requests) == requests + 1
    assert running.points() == dict.fromkeys(LINKED, 3) | {"m0": 8}


@pytest.mark.parametrize(
    ("ahead", "is_heeded"), [(timedelta(seconds=50), True), (timedelta(days=1), False)]
)
def test_a_refusal_that_is_still_to_come_was_noted_by_a_clock_that_was_wrong(
    running: World, ahead: timedelta, is_heeded: bool
) -> None:
    at = NOON + QUARTER
    running.execute(
        "INSERT INTO community.mee6_blocks (blocked_at, blocked_until) "
        f"VALUES ('{at + ahead}', '{at + ahead + timedelta(minutes=30)}')"
    )
    message = running.sync(at)[SNAPSHOT].message
    assert message.startswith("skipped: MEE6 asked us to wait") == is_heeded


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        (timedelta(hours=1), timedelta(hours=2)),
        (timedelta(hours=23, minutes=45), timedelta(hours=2)),
        (timedelta(hours=24, minutes=15), timedelta(minutes=30)),
    ],
)
def test_a_second_429_within_a_day_blocks_for_two_hours(
    running: World, later: timedelta, expected: timedelta
) -> None:
    running.simulator.add(faults.too_many_requests(None))
    running.sync(NOON + QUARTER)
    running.sync(NOON + QUARTER + later)
    blocks = running.query("SELECT * FROM community.mee6_blocks ORDER BY 1")
    lengths = (blocks["blocked_until"] - blocks["blocked_at"]).tolist()
    assert lengths == [timedelta(minutes=30), expected]


def test_a_block_is_never_over_before_the_time_that_mee6_asked_for_counted_from_its_answer(
    running: World,
) -> None:
    """The 429 can come minutes into a run: a first one waited out, many pages, slow answers."""
    running.simulator.add(faults.slow(2), times=1)
    running.simulator.add(faults.too_many_requests("3600"))
    now = datetime.now(UTC)
    perform(
        running.database,
        running.settings,
        MEE6_SYNC,
        Options(as_of=now.replace(microsecond=0), now=now, run_id="late", executed_by="test"),
    )
    [asked] = running.simulator.requests[-1:]
    answered_at = now_of_monotonic(asked.at) + timedelta(seconds=1)  # at two it leaves
    until = running.query("SELECT blocked_until FROM community.mee6_blocks")["blocked_until"].iat[0]
    assert until >= answered_at + timedelta(seconds=3600)


def test_a_429_met_in_a_dry_run_still_keeps_the_next_sync_from_asking(running: World) -> None:
    """The request was sent; that the run was a rehearsal does not shorten the ban."""
    running.simulator.add(faults.too_many_requests("3600"))
    running.run(MEE6_SYNC, NOON + QUARTER, dry_run=True)
    requests = len(running.simulator.requests)
    running.run(MEE6_SYNC, NOON + 2 * QUARTER)
    assert len(running.simulator.requests) == requests
