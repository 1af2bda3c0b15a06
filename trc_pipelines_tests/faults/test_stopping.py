"""Stopped or killed, at work: whole or rolled back, marked, gone in ten seconds, and no slot lost."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import dagster as dg
import pytest
from dagster import DagsterRunStatus

from trc_pipelines.cli import services
from trc_pipelines.cli.installation import Installation, open_installation, prepare_databases
from trc_pipelines.cli.services import (
    KILL_SECONDS,
    STOP_SECONDS,
    first_free_port,
    hold_home,
    run_services,
)
from trc_pipelines.monitoring.sensors import end_lost_runs, find_unseen_runs, record_ended_runs
from trc_pipelines_tests.house import (
    JOB,
    LAUNCH,
    PATIENCE_SECONDS,
    TABLE,
    TERMINATE,
    House,
    QuietServices,
    of_today,
    wait_until,
)
from trc_pipelines_tests.servers import create_database

SESSIONS = (
    "SELECT 1 FROM pg_stat_activity "
    "WHERE application_name LIKE 'trc run%' AND datname = current_database()"
)


@pytest.fixture(scope="module")
def installation(
    servers: dict[int, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    changed = {
        "TRC_HOME": tmp_path_factory.mktemp("stopped") / "home",
        "DATABASE_URL": create_database(servers[18]),
        "MEE6_SYNC_ENABLED": "false",
        "MEE6_GUILD_ID": "77",
        "LOCK_TIMEOUT_SECONDS": "600",
    }
    with (
        patch.dict(os.environ, {name: str(value) for name, value in changed.items()}),
        open_installation(begins=True) as opened,
    ):
        prepare_databases(opened)
        yield opened


class Street:
    """Where houses stand one after the other: the last one goes on for whoever comes next."""

    def __init__(self, installation: Installation, stack: ExitStack) -> None:
        self._installation, self._stack = installation, stack
        self._home = installation.settings.trc_home
        self._lock = stack.enter_context(hold_home(self._home))
        self._running: House | None = None

    def find_house(self) -> House:
        """One whose services run, and whose lock is held."""
        if self._running is None:
            return self.open_house()
        return House(self._installation, self._running.services, self._running.port)

    def open_house(self) -> House:
        """The services start, where none are left."""
        port = first_free_port(0)
        environment = self._installation.environment
        with patch.object(services, "Services", QuietServices):
            running = run_services(self._home, self._lock, environment, port)
            started = self._stack.enter_context(running)
        self._running = House(self._installation, started, port)
        return self._running


@pytest.fixture(scope="module")
def street(installation: Installation) -> Iterator[Street]:
    with ExitStack() as stack:
        yield Street(installation, stack)


def find_runs() -> set[str]:
    with dg.DagsterInstance.get() as instance:
        return {record.dagster_run.run_id for record in instance.get_run_records()}


INTERRUPTED = ("interrupted", f"{TABLE} was interrupted; what was open is rolled back")


def test_a_run_at_work_is_stopped_in_every_way_and_the_next_one_succeeds(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Terminated in the UI, its worker terminated, everything stopped: each at once."""
    # So long a busy machine may take to end what would wait ten minutes for its lock. Who was asked to end
    # while it began is killed then.
    assert STOP_SECONDS + KILL_SECONDS < 10
    monkeypatch.setattr(services, "STOP_SECONDS", PATIENCE_SECONDS / 2)
    house = street.find_house()
    before = find_runs()
    run_id = house.launch()
    house.ask(TERMINATE, id=run_id)
    wait_until(lambda: house.status(run_id) is DagsterRunStatus.CANCELED)
    assert house.execution(run_id) == INTERRUPTED

    run_id = house.launch()
    os.kill(house.worker(), signal.SIGTERM)
    wait_until(lambda: house.status(run_id).name in ("CANCELED", "FAILURE"))
    assert house.execution(run_id) == INTERRUPTED

    run_id = house.launch()
    daemon = house.services._processes["daemon"]
    daemon.terminate()
    wait_until(lambda: daemon.poll() is not None)
    assert house.status(run_id) is DagsterRunStatus.STARTED  # runs are not the daemon's

    began = time.monotonic()
    house.services.stop()
    assert time.monotonic() - began < PATIENCE_SECONDS
    assert house.execution(run_id) == INTERRUPTED
    wait_until(lambda: not house.rows(SESSIONS))

    house.blocker.close()
    house = street.open_house()
    house.blocker.close()
    with dg.DagsterInstance.get() as instance, house.installation.database.transaction() as db:
        now = datetime.now(UTC)
        end_lost_runs(instance, find_unseen_runs(instance, db), now + timedelta(minutes=5))
        record_ended_runs(instance, db, instance.get_run_records(), {JOB}, now)
    assert len(find_runs() - before) == 3
    assert house.rows("SELECT title FROM operations.alerts") == []  # stopped on purpose is no news


def test_code_server_and_worker_killed_together_are_found_out_and_their_place_is_free_again(
    street: Street,
) -> None:
    house = street.find_house()
    run_id = house.launch()
    with dg.DagsterInstance.get() as instance, house.installation.database.transaction() as db:
        late = datetime.now(UTC) + timedelta(minutes=3)
        # It waits for a lock and says nothing, but its session is there: it is alive.
        assert end_lost_runs(instance, find_unseen_runs(instance, db), late) == []
    # One session: the code server, what serves the code for it, and the worker.
    os.killpg(house.services._processes["code server"].pid, signal.SIGKILL)
    house.services.stop()
    house.blocker.close()
    wait_until(lambda: not house.rows(SESSIONS))

    house = street.open_house()
    house.blocker.close()
    assert house.status(run_id) is DagsterRunStatus.STARTED
    with dg.DagsterInstance.get() as instance, house.installation.database.transaction() as db:
        now = datetime.now(UTC)
        unseen = find_unseen_runs(instance, db)
        assert end_lost_runs(instance, unseen, now) == []  # not before it was silent for a while
        assert end_lost_runs(instance, unseen, now + timedelta(minutes=3)) == [run_id]
        record_ended_runs(instance, db, instance.get_run_records(), {JOB}, now)
    assert house.status(run_id) is DagsterRunStatus.FAILURE
    assert house.execution(run_id)[0] == "failed"
    assert house.rows("SELECT title FROM operations.alerts") == [(f"{JOB} failed",)]
    following = house.ask(LAUNCH, job=JOB, tags=of_today())["run"]["runId"]
    wait_until(lambda: house.status(following) is DagsterRunStatus.SUCCESS)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_from_the_command_line_is_stopped_at_once_and_says_so(
    installation: Installation, number: int
) -> None:
    house = House(installation)
    before = len(house.rows("SELECT 1 FROM operations.job_executions"))
    with subprocess.Popen(
        [Path(sys.executable).with_name("trc"), "run", JOB], stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        wait_until(lambda: house.rows(f"{SESSIONS} AND wait_event = 'advisory'"))
        process.send_signal(number)
        began = time.monotonic()
        complaint = process.communicate(timeout=300)[1]
    assert time.monotonic() - began < PATIENCE_SECONDS
    assert process.returncode == 130
    # Before it, what it was waiting for.
    assert complaint.splitlines()[-1] == f"trc: {JOB} did not succeed: {INTERRUPTED[1]}"
    assert "Traceback" not in complaint
    house.blocker.close()
    executed = house.rows("SELECT state FROM operations.job_executions ORDER BY execution_id DESC")
    assert executed[0] == ("interrupted",)
    assert len(executed) == before + 1
