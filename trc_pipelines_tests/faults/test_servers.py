"""A database that restarts, refuses to write, or ends a transaction: retried, or one clear error."""

import os
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from trc_pipelines.calendar import PERIODIC_BOARDS, ended_periods, period_of
from trc_pipelines.community.jobs import MEE6_SYNC
from trc_pipelines.community.steps.xp_deltas import xp_deltas
from trc_pipelines.database.connection import Database, DatabaseError
from trc_pipelines.database.embedded import (
    client_program,
    start_embedded_server,
    stop_embedded_server,
)
from trc_pipelines.database.migrations import ensure_database, migrate
from trc_pipelines.jobs import execution
from trc_pipelines.jobs.contract import Job, Result, Step, Work
from trc_pipelines_tests.databases import close_connections
from trc_pipelines_tests.servers import with_database
from trc_pipelines_tests.world import NOON, QUARTER, World


def job_of(step: Step) -> Job:
    return Job("job", "", "", timedelta(), [step], lambda *_: (NOON.date(), NOON.date()))


@pytest.fixture
def own_server(world: World) -> Iterator[World]:
    """A community on a server of its own, that may be stopped."""
    with tempfile.TemporaryDirectory(prefix="trc") as folder:
        # Under root the server runs as a user of its own.
        Path(folder).chmod(0o755)
        url = with_database(start_embedded_server(Path(folder) / "data"), "trc")
        ensure_database(url)
        migrate(url)
        settings = world.settings.model_copy(update={"database_url": url})
        yield World(Database(url, 30, 5), settings, world.simulator)
        stop_embedded_server(Path(folder) / "data")


def test_a_server_starts_below_a_path_that_a_shell_would_split() -> None:
    with tempfile.TemporaryDirectory(prefix="it's my work ") as folder:
        Path(folder).chmod(0o755)
        data = Path(folder) / "data"
        url = with_database(start_embedded_server(data), "trc")
        ensure_database(url)
        stop_embedded_server(data)
        assert not (data / "postmaster.pid").exists()


def data_folder(world: World) -> Path:
    return Path(world.query("SHOW data_directory")["data_directory"][0])


def test_a_server_that_is_killed_and_comes_back_costs_a_retry(own_server: World) -> None:
    """pg_ctl -m immediate in the middle of a sync: no clean shutdown, recovery at the start."""
    own_server.link({"ann": 1001})
    own_server.sync(NOON, {1001: 1000})
    folder, original, restarts = data_folder(own_server), xp_deltas.run, []

    def restart_and_run(work: Work) -> Result:
        if not restarts:
            restarts.append(restart(folder))
        return original(work)

    def restart(folder: Path) -> int:
        owner = folder.owner()
        command = [
            str(client_program("pg_ctl")),
            "-D",
            str(folder),
            "-m",
            "immediate",
            "-w",
            "restart",
        ]
        # Only root starts servers as somebody else.
        is_root = os.geteuid() == 0 and owner != "root"
        as_owner = ["setpriv", f"--reuid={owner}", "--clear-groups"] if is_root else []
        return subprocess.run(
            [*as_owner, *command], check=True, stdout=subprocess.DEVNULL
        ).returncode

    steps = [
        Step(step.table, restart_and_run) if step is xp_deltas else step for step in MEE6_SYNC.steps
    ]
    own_server.simulator.board = own_server.simulator.board.assign(xp=1250)
    job = Job("mee6_sync", "", "", timedelta(), steps, MEE6_SYNC.days)
    results = own_server.run(job, NOON + QUARTER)
    assert restarts == [0]
    assert results["community.point_ledger"].affected == 1
    assert own_server.points() == {"ann": 2}


@pytest.mark.parametrize("are_dry", [(False, False), (True, False), (True, True)])
def test_a_deadlock_is_tried_again_and_both_get_what_they_want(
    world: World, monkeypatch: pytest.MonkeyPatch, are_dry: tuple[bool, bool]
) -> None:
    monkeypatch.setattr(execution, "RETRY_DELAYS_SECONDS", (0.05, 0.1))
    both_hold_one = threading.Barrier(2, timeout=60)
    attempts: list[str] = []

    def lock(first: str, second: str) -> Step:
        def run(work: Work) -> Result:
            attempts.append(first)
            work.transaction.execute("jobs/lock_step", table=first)
            if len(attempts) <= 2:
                both_hold_one.wait()
            work.transaction.execute("jobs/lock_step", table=second)
            return Result(1, "both")

        return Step(f"step.{first}", run)

    results: list[Result] = []
    threads = [
        threading.Thread(
            target=lambda step=step, is_dry=is_dry: results.append(
                world.run(job_of(step), NOON, dry_run=is_dry)[step.table]
            )
        )
        for step, is_dry in zip((lock("a", "b"), lock("b", "a")), are_dry, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [result.message for result in results] == ["both", "both"]
    assert len(attempts) == 3


def test_what_fails_for_good_is_not_tried_again(world: World) -> None:
    attempts = []

    def run(work: Work) -> Result:
        attempts.append(1)
        work.transaction.execute("community/mark_day_stale", day=None)  # violates NOT NULL
        return Result(1, "")

    with pytest.raises(DatabaseError, match="null value"):
        world.run(job_of(Step("step.x", run)), NOON)
    assert len(attempts) == 1


def test_a_database_that_refuses_to_write_is_one_error_and_no_partial_effect(world: World) -> None:
    world.link({"ann": 1001})
    world.sync(NOON, {1001: 1000})
    name = world.database.url.split("/")[3].split("?")[0]
    world.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    close_connections(world.database.url)  # it counts for sessions to come
    world.simulator.board = world.simulator.board.assign(xp=1250)
    with pytest.raises(DatabaseError, match="read-only transaction"):
        world.run(MEE6_SYNC, NOON + QUARTER)
    world.execute(
        f"SET TRANSACTION READ WRITE; ALTER DATABASE {name} SET default_transaction_read_only = off"
    )
    close_connections(world.database.url)
    assert len(world.query("SELECT * FROM community.mee6_syncs")) == 1
    world.run(MEE6_SYNC, NOON + 2 * QUARTER)
    assert world.points() == {"ann": 2}


@pytest.mark.parametrize(
    ("day", "week", "month"),
    [
        (date(2026, 12, 31), "2026-W53", "2026-12"),
        (date(2027, 1, 1), "2026-W53", "2027-01"),
        (date(2027, 1, 4), "2027-W01", "2027-01"),
        (date(2024, 12, 30), "2025-W01", "2024-12"),
        (date(2028, 2, 29), "2028-W09", "2028-02"),
    ],
)
def test_weeks_and_months_have_the_label_of_their_own_year(
    day: date, week: str, month: str
) -> None:
    for board, label in zip(PERIODIC_BOARDS, (week, month), strict=True):
        period = period_of(board, day)
        assert period.label == label
        assert period.start <= day < period.end
        assert period_of(board, period.last_day) == period
        assert period_of(board, period.end) != period


def test_midnight_ends_a_period_and_the_instant_before_does_not() -> None:
    midnight = datetime(2026, 3, 9, tzinfo=UTC)
    first = date(2026, 3, 4)
    assert ended_periods(first, midnight - timedelta(microseconds=1)) == []
    assert [period.label for period in ended_periods(first, midnight)] == ["2026-W10"]
