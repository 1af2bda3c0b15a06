"""A commit nobody acknowledged, a connection that dies, a server that is not there."""

import threading
import time
from dataclasses import replace

import pytest

from trc_pipelines.community.jobs import MEE6_SYNC
from trc_pipelines.database.connection import Database, DatabaseError
from trc_pipelines_tests.faults.proxy import Proxy
from trc_pipelines_tests.world import NOON, QUARTER, World, board

LINKED = {"ann": 1001, "bob": 1002}
# The first commit of a connection is the session's own settings.
COMMITS = {step.table: number for number, step in enumerate(MEE6_SYNC.steps, start=2)}
TABLES = ["mee6_syncs", "mee6_leaderboard_snapshot", "xp_deltas", "point_ledger", "daily_points"]


def counts(world: World) -> list[int]:
    selects = ", ".join(f"(SELECT count(*) FROM community.{table}) AS {table}" for table in TABLES)
    return world.query(f"SELECT {selects}").iloc[0].tolist()


@pytest.fixture
def behind(world: World) -> World:
    """Two linked members with a baseline and XP to gain at the next sync."""
    world.link(LINKED)
    world.sync(NOON, {1001: 1000, 1002: 2000})
    world.simulator.board = board({1001: 1250, 1002: 2099})
    return world


def run_through(world: World, proxy: Proxy) -> None:
    """The sync of a quarter past, over the proxy."""
    through = World(
        Database(proxy.url, statement_timeout_seconds=10, lock_timeout_seconds=5),
        world.settings,
        world.simulator,
    )
    through.run(MEE6_SYNC, NOON + QUARTER)


@pytest.mark.parametrize("table", COMMITS)
def test_a_commit_that_was_not_acknowledged_is_an_error_and_its_retry_changes_nothing_twice(
    behind: World, table: str
) -> None:
    number = COMMITS[table]
    before = counts(behind)
    with Proxy(behind.database.url) as proxy:
        proxy.cut_after_commit = number
        with pytest.raises(DatabaseError):
            run_through(behind, proxy)
        assert proxy.commits >= number
    done = counts(behind)
    written = [new - old for new, old in zip(done, before, strict=True)]
    # The cut step itself happened, the ones after it did not.
    assert (
        written == [[1, 2, 0, 0, 0], [1, 2, 2, 0, 0], [1, 2, 2, 1, 0], [1, 2, 2, 1, 2]][number - 2]
    )
    behind.run(MEE6_SYNC, NOON + QUARTER)
    assert behind.points() == {"ann": 2}
    assert [new - old for new, old in zip(counts(behind), before, strict=True)] == [1, 2, 2, 1, 2]


@pytest.mark.parametrize("table", COMMITS)
def test_a_connection_that_dies_before_commit_writes_nothing_and_the_retry_writes_once(
    behind: World, table: str
) -> None:
    number = COMMITS[table]
    before = counts(behind)
    with Proxy(behind.database.url) as proxy:
        proxy.cut_before_commit = number
        with pytest.raises(DatabaseError):
            run_through(behind, proxy)
    written = [new - old for new, old in zip(counts(behind), before, strict=True)]
    assert (
        written == [[0, 0, 0, 0, 0], [1, 2, 0, 0, 0], [1, 2, 2, 0, 0], [1, 2, 2, 1, 0]][number - 2]
    )
    behind.run(MEE6_SYNC, NOON + QUARTER)
    assert behind.points() == {"ann": 2}
    assert [new - old for new, old in zip(counts(behind), before, strict=True)] == [1, 2, 2, 1, 2]


def test_a_lost_connection_is_reported_as_what_was_being_done_not_as_a_failed_rollback(
    behind: World,
) -> None:
    with Proxy(behind.database.url) as proxy:
        proxy.cut_before_commit = 3
        with pytest.raises(DatabaseError, match=r"^commit: "):
            run_through(behind, proxy)


def test_the_failure_of_a_lost_commit_is_on_record(behind: World) -> None:
    with Proxy(behind.database.url) as proxy:
        proxy.cut_after_commit = COMMITS["community.point_ledger"]
        with pytest.raises(DatabaseError):
            run_through(behind, proxy)
    last = behind.query(
        "SELECT success, message FROM operations.job_executions ORDER BY executed_at DESC LIMIT 1"
    )
    assert not last["success"].iat[0]
    assert "community.point_ledger failed" in last["message"].iat[0]


def test_a_server_that_refuses_connections_is_one_line_and_no_wait(behind: World) -> None:
    with Proxy(behind.database.url) as proxy:
        proxy.refuse()
        began = time.monotonic()
        with pytest.raises(DatabaseError) as caught:
            run_through(behind, proxy)
        assert time.monotonic() - began < 2
    assert "\n" not in str(caught.value)


def assert_given_up(world: World, proxy: Proxy, seconds: float) -> None:
    """A sync over the proxy ends by itself within the time, in a DatabaseError."""
    through = World(
        Database(proxy.url, statement_timeout_seconds=1, lock_timeout_seconds=1),
        world.settings,
        world.simulator,
    )
    errors: list[BaseException] = []

    def run() -> None:
        try:
            through.run(replace(MEE6_SYNC, steps=MEE6_SYNC.steps[:1]), NOON + QUARTER)
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(timeout=seconds)
    was_given_up = not thread.is_alive()
    proxy.release()
    thread.join(timeout=20)
    assert was_given_up
    assert isinstance(errors[0], DatabaseError)


def test_a_server_that_never_answers_a_connection_is_given_up_in_seconds(behind: World) -> None:
    with Proxy(behind.database.url) as proxy:
        proxy.is_mute = True
        assert_given_up(behind, proxy, 15)  # connecting may take 5 s, also to record the failure
