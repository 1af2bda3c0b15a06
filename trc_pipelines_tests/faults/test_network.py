"""A commit nobody acknowledged, a connection that dies, a server that is not there."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from trc_pipelines.community.jobs import MEE6_SYNC
from trc_pipelines.database import connection as connection_module
from trc_pipelines.database.connection import Database, DatabaseError
from trc_pipelines.jobs import execution
from trc_pipelines_tests.faults.proxy import Proxy
from trc_pipelines_tests.world import NOON, QUARTER, World, board

# What is tested is what lies between us and the server.
pytestmark = pytest.mark.either

# What is given up does not wait nearly as long, and a busy machine may take it.
PATIENCE_SECONDS = 60
LINKED = {"ann": 1001, "bob": 1002}
# Before the steps' own are those of the lock and of the statements before the reading.
FIRST = 8
# Behind the first step the lock is given back under which it had read.
COMMITS = {step.table: FIRST + number + (number > 0) for number, step in enumerate(MEE6_SYNC.steps)}
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


@pytest.fixture
def tried_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one attempt leaves behind; by itself the contract would try again."""
    monkeypatch.setattr(execution, "RETRY_DELAYS_SECONDS", ())


def run_through(world: World, proxy: Proxy) -> None:
    """The sync of a quarter past, over the proxy."""
    through = World(
        Database(proxy.url, statement_timeout_seconds=60, lock_timeout_seconds=30),
        world.settings,
        world.simulator,
    )
    through.run(MEE6_SYNC, NOON + QUARTER)


@pytest.mark.usefixtures("tried_once")
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
        written
        == [[1, 2, 0, 0, 0], [1, 2, 2, 0, 0], [1, 2, 2, 1, 0], [1, 2, 2, 1, 2]][
            list(COMMITS).index(table)
        ]
    )
    behind.run(MEE6_SYNC, NOON + QUARTER)
    assert behind.points() == {"ann": 2}
    assert [new - old for new, old in zip(counts(behind), before, strict=True)] == [1, 2, 2, 1, 2]


@pytest.mark.usefixtures("tried_once")
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
        written
        == [[0, 0, 0, 0, 0], [1, 2, 0, 0, 0], [1, 2, 2, 0, 0], [1, 2, 2, 1, 0]][
            list(COMMITS).index(table)
        ]
    )
    behind.run(MEE6_SYNC, NOON + QUARTER)
    assert behind.points() == {"ann": 2}
    assert [new - old for new, old in zip(counts(behind), before, strict=True)] == [1, 2, 2, 1, 2]


@pytest.mark.usefixtures("tried_once")
def test_a_lost_connection_is_reported_as_what_was_being_done_not_as_a_failed_rollback(
    behind: World,
) -> None:
    with Proxy(behind.database.url) as proxy:
        proxy.cut_before_commit = FIRST
        with pytest.raises(DatabaseError, match=r"^commit: "):
            run_through(behind, proxy)


@pytest.mark.usefixtures("tried_once")
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


def test_a_server_that_refuses_connections_is_one_line_and_no_wait(
    behind: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execution, "RETRY_DELAYS_SECONDS", (600.0,))
    with Proxy(behind.database.url) as proxy:
        proxy.refuse()
        began = time.monotonic()
        with pytest.raises(DatabaseError) as caught:
            run_through(behind, proxy)
        assert time.monotonic() - began < PATIENCE_SECONDS
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
    thread.join(timeout=PATIENCE_SECONDS)
    assert was_given_up
    assert isinstance(errors[0], DatabaseError)


def test_a_server_that_never_answers_a_connection_is_given_up_in_seconds(behind: World) -> None:
    with Proxy(behind.database.url) as proxy:
        proxy.is_mute = True
        assert_given_up(behind, proxy, PATIENCE_SECONDS)  # connecting may take 5 s, and once more


LOCK_A_ROW = "SELECT member_id FROM community.members WHERE member_id = 'ann' FOR UPDATE"


@pytest.mark.parametrize("cut", ["cut_before_commit", "cut_after_commit"])
def test_a_step_whose_commit_is_lost_is_tried_again_on_a_new_connection_and_counts_once(
    behind: World, monkeypatch: pytest.MonkeyPatch, cut: str
) -> None:
    monkeypatch.setattr(execution, "RETRY_DELAYS_SECONDS", (0.01,))
    before = counts(behind)
    with Proxy(behind.database.url) as proxy:
        setattr(proxy, cut, COMMITS["community.point_ledger"])
        run_through(behind, proxy)
    assert behind.points() == {"ann": 2}
    # Done and not acknowledged, or done the second time: the figures are those of what was done.
    told = behind.query(
        "SELECT details #> '{community.point_ledger,entries}' AS entries FROM operations.job_executions "
        "ORDER BY execution_id DESC LIMIT 1"
    )
    assert told["entries"].tolist() == [1]
    assert [new - old for new, old in zip(counts(behind), before, strict=True)] == [1, 2, 2, 1, 2]


@contextmanager
def assert_no_answer_within_two_seconds(what: str) -> Iterator[None]:
    began = time.monotonic()
    with pytest.raises(DatabaseError, match=rf"^{what}: no answer within 2 s; the serv") as caught:
        yield
    assert not caught.value.is_transient  # its time is up already
    assert 1.9 < time.monotonic() - began < PATIENCE_SECONDS


@pytest.mark.parametrize("mute_at", [None, b"pg_catalog"])
def test_a_server_that_falls_mute_while_connecting_is_given_up_at_the_deadline(
    world: World, monkeypatch: pytest.MonkeyPatch, mute_at: bytes | None
) -> None:
    """Before its first answer, and at the driver's own look-ups."""
    monkeypatch.setattr(connection_module, "_CONNECT_SECONDS", 2.0)
    with Proxy(world.database.url) as proxy:
        proxy.is_mute, proxy.mute_at = mute_at is None, mute_at
        with assert_no_answer_within_two_seconds("connect"), Database(proxy.url).connect():
            pass
        assert proxy.is_mute


def test_a_server_that_falls_mute_at_the_settings_of_a_transaction_is_given_up_at_the_deadline(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_module, "_GRACE_SECONDS", 1.0)
    with Proxy(world.database.url) as proxy:
        proxy.mute_at = b"set_config"
        database = Database(proxy.url, statement_timeout_seconds=1)
        with (
            assert_no_answer_within_two_seconds("begin"),
            database.connect() as connection,
            connection.transaction(),
        ):
            pass
        assert proxy.is_mute


@pytest.mark.parametrize(
    ("what", "mute_at"),
    [
        ("community/select_linked_accounts", b"discord_id"),
        ("COPY b", b"COPY"),
        ("commit", b"COMMIT"),
    ],
)
def test_a_server_that_falls_mute_is_given_up_at_the_deadline_and_can_be_connected_to_anew(
    behind: World, monkeypatch: pytest.MonkeyPatch, what: str, mute_at: bytes
) -> None:
    monkeypatch.setattr(connection_module, "_GRACE_SECONDS", 1.0)
    with Proxy(behind.database.url) as proxy:
        database = Database(proxy.url, statement_timeout_seconds=1)
        with database.connect() as connection:
            proxy.mute_at = mute_at
            with assert_no_answer_within_two_seconds(what), connection.transaction() as transaction:
                if what == "COPY b":
                    transaction.stage("b", board({1001: 1}))
                transaction.read("community/select_linked_accounts")
            with pytest.raises(DatabaseError, match="given up"), connection.transaction() as again:
                again.read("community/select_linked_accounts")
            proxy.is_mute, proxy.mute_at = False, None
            connection.reconnect()
            with connection.transaction() as transaction:
                assert len(transaction.read("community/select_linked_accounts")) == len(LINKED)


# SIGTERM is answered with an exception in the main thread, as Dagster does.
SLEEPER = """
import signal, sys
from trc_pipelines.database.connection import Database
from trc_pipelines_tests.world import board
signal.signal(signal.SIGTERM, signal.default_int_handler)
database = Database(sys.argv[1], 900, application_name="sleeper")
with database.connect() as connection:
    try:
        with connection.transaction() as transaction:
            transaction.append("community.members", board({}).assign(member_id="zoe"))
            connection.use("lock", lambda cursor: cursor.execute(sys.argv[2]).fetch_arrow_table())
            connection.use("sleep", lambda cursor: cursor.execute(
                "SELECT pg_sleep(600)::text").fetch_arrow_table())
    except KeyboardInterrupt:
        print("interrupted", flush=True)
        with connection.transaction() as transaction:
            print(len(transaction.read("community/select_linked_accounts")))
"""


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def interrupted(url: str, is_asleep: Callable[[], bool]) -> tuple[float, str, str]:
    """How long the process above goes on after a SIGTERM, and what it says."""
    process = subprocess.Popen(
        [sys.executable, "-c", SLEEPER, url, LOCK_A_ROW],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        wait_until(is_asleep)
        began = time.monotonic()
        process.terminate()
        said = process.communicate(timeout=300)
        return time.monotonic() - began, *said
    finally:
        process.kill()


def sleepers(world: World) -> int:
    return len(
        world.query(
            "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid() "
            "AND datname = current_database() AND query LIKE '%pg_sleep(600)%'"
        )
    )


def test_an_interrupt_ends_the_running_statement_and_leaves_nothing_of_its_transaction(
    behind: World,
) -> None:
    seconds, output, errors = interrupted(behind.database.url, lambda: sleepers(behind) == 1)
    assert seconds < PATIENCE_SECONDS
    # The connection is good for more, such as to record why.
    assert (output.split(), errors) == (["interrupted", "2"], "")
    assert sleepers(behind) == 0
    assert behind.query("SELECT 1 FROM community.members WHERE member_id = 'zoe'").empty


def test_an_interrupt_is_obeyed_also_when_the_server_is_mute_and_the_process_ends_by_itself(
    behind: World,
) -> None:
    with Proxy(behind.database.url) as proxy:
        proxy.mute_at = b"pg_sleep(600)"
        seconds, output, errors = interrupted(proxy.url, lambda: proxy.is_mute)
    assert seconds < PATIENCE_SECONDS
    assert output.split() == ["interrupted"]
    assert "the connection was given up" in errors
