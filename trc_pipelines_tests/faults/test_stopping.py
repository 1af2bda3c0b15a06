"""Stopped or killed, at work: whole or rolled back, marked, gone in ten seconds, and no slot lost."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import psycopg2
import pytest
import requests
from dagster import DagsterRunStatus
from sqlalchemy.engine import make_url

from trc_pipelines.cli.installation import Installation, open_installation, prepare_databases
from trc_pipelines.cli.services import Services, first_free_port, hold_home, run_services
from trc_pipelines.monitoring.sensors import end_lost_runs, record_ended_runs
from trc_pipelines_tests.servers import create_database

JOB = "leaderboard_recalculation"
TABLE = "community.leaderboard_rankings"
LAUNCH = """
mutation ($job: String!, $tags: [ExecutionTag!]) {
  launchRun(executionParams: {
    selector: {repositoryName: "__repository__", repositoryLocationName: "trc_pipelines", jobName: $job},
    executionMetadata: {tags: $tags}
  }) { __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } }
}"""
TERMINATE = "mutation ($id: String!) { terminateRun(runId: $id) { __typename } }"


def of_today() -> list[dict[str, str]]:
    day = str(datetime.now(UTC).date())
    return [
        {"key": f"dagster/asset_partition_range_{end}", "value": day} for end in ("start", "end")
    ]


class House:
    """A database, its services if they run, and somebody who holds the lock of the boards."""

    def __init__(
        self, installation: Installation, services: Services | None = None, port: int = 0
    ) -> None:
        self.installation = installation
        self.services = services
        self.url = f"http://127.0.0.1:{port}/graphql"
        self.blocker = self.connect()
        self.blocker.cursor().execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [TABLE])

    def connect(self) -> psycopg2.extensions.connection:
        url = make_url(self.installation.database.url).set(drivername="postgresql")
        connection = psycopg2.connect(url.render_as_string(hide_password=False))
        connection.autocommit = True
        return connection

    def ask(self, query: str, **variables: object) -> dict:
        answer = requests.post(
            self.url, json={"query": query, "variables": variables}, timeout=30
        ).json()
        return next(iter(answer["data"].values()))

    def launch(self) -> str:
        """A run that waits for the lock; its id."""
        launched = self.ask(LAUNCH, job=JOB, tags=of_today())
        assert launched["__typename"] == "LaunchRunSuccess", launched
        run_id = launched["run"]["runId"]
        wait_until(
            lambda: self.rows(
                "SELECT 1 FROM pg_stat_activity WHERE application_name = "
                f"'trc run {run_id}' AND wait_event = 'advisory'"
            )
        )
        return run_id

    def rows(self, sql: str) -> list[tuple]:
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()

    def execution(self, run_id: str) -> tuple | None:
        found = self.rows(
            f"SELECT state, message FROM operations.job_executions WHERE run_id = '{run_id}'"
        )
        return found[0] if found else None

    def status(self, run_id: str) -> DagsterRunStatus:
        with dg.DagsterInstance.get() as instance:
            return instance.get_run_by_id(run_id).status

    def worker(self) -> int:
        """Process id of the run's worker: of a session of its own under the code server."""
        listed = subprocess.run(
            ["ps", "-ww", "-eo", "pid,sid,args", "--sort", "-start_time"],
            capture_output=True, text=True, check=True,
        ).stdout.splitlines()  # fmt: skip
        session = str(self.services._processes["code server"].pid)
        workers = [
            line.split()[0] for line in listed if line.split()[1] == session and "spawn" in line
        ]
        return int(workers[0])


SESSIONS = (
    "SELECT 1 FROM pg_stat_activity "
    "WHERE application_name LIKE 'trc run%' AND datname = current_database()"
)


def wait_until(is_so: Callable[[], object], seconds: float = 30) -> float:
    """Wait for something; how long it took."""
    began = time.monotonic()
    while not is_so():
        assert time.monotonic() - began < seconds, "it never came"
        time.sleep(0.1)
    return time.monotonic() - began


@pytest.fixture
def installation(
    servers: dict[int, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Installation]:
    for name, value in {
        "TRC_HOME": tmp_path / "home",
        "DATABASE_URL": create_database(servers[18]),
        "MEE6_SYNC_ENABLED": "false",
        "MEE6_GUILD_ID": "77",
        "LOCK_TIMEOUT_SECONDS": "120",
    }.items():
        monkeypatch.setenv(name, str(value))
    with open_installation(begins=True) as opened:
        prepare_databases(opened)
        yield opened


@pytest.fixture
def open_house(installation: Installation) -> Iterator[Callable[[], House]]:
    with ExitStack() as stack:
        # Ticks of its own would meet the runs of the tests.
        lock = stack.enter_context(hold_home(installation.settings.trc_home))

        def start() -> House:
            port = first_free_port(0)
            services = stack.enter_context(
                run_services(installation.settings.trc_home, lock, installation.environment, port)
            )
            return House(installation, services, port)

        yield start


INTERRUPTED = ("interrupted", f"{TABLE} was interrupted; what was open is rolled back")


def test_a_run_at_work_is_stopped_in_every_way_and_the_next_one_succeeds(
    open_house: Callable[[], House],
) -> None:
    """Terminated in the UI, its worker terminated, everything stopped: each within ten seconds."""
    house = open_house()
    run_id = house.launch()
    house.ask(TERMINATE, id=run_id)
    assert wait_until(lambda: house.status(run_id) is DagsterRunStatus.CANCELED) < 10
    assert house.execution(run_id) == INTERRUPTED

    run_id = house.launch()
    os.kill(house.worker(), signal.SIGTERM)
    assert wait_until(lambda: house.status(run_id).name in ("CANCELED", "FAILURE")) < 10
    assert house.execution(run_id) == INTERRUPTED

    run_id = house.launch()
    daemon = house.services._processes["daemon"]
    daemon.terminate()
    assert wait_until(lambda: daemon.poll() is not None) < 10
    assert house.status(run_id) is DagsterRunStatus.STARTED  # runs are not the daemon's

    began = time.monotonic()
    house.services.stop()
    assert time.monotonic() - began < 10
    assert house.execution(run_id) == INTERRUPTED
    assert not house.rows(SESSIONS)

    house.blocker.close()
    house = open_house()
    house.blocker.close()
    with dg.DagsterInstance.get() as instance, house.installation.database.transaction() as db:
        failed = [record.dagster_run for record in instance.get_run_records()]
        now = datetime.now(UTC)
        end_lost_runs(instance, db, now + timedelta(minutes=5))
        # Of the others some are only waiting: the daemon is up, and its schedules tick.
        ended = instance.get_run_records(dg.RunsFilter(run_ids=[run_id]))
        record_ended_runs(instance, db, ended, {JOB}, now)
    assert len(failed) == 3
    assert house.rows("SELECT title FROM operations.alerts") == []  # stopped on purpose is no news


def test_code_server_and_worker_killed_together_are_found_out_and_their_place_is_free_again(
    open_house: Callable[[], House],
) -> None:
    house = open_house()
    run_id = house.launch()
    with dg.DagsterInstance.get() as instance, house.installation.database.transaction() as db:
        late = datetime.now(UTC) + timedelta(minutes=3)
        # It waits for a lock and says nothing, but its session is there: it is alive.
        assert end_lost_runs(instance, db, late) == []
    # One session: the code server, what serves the code for it, and the worker.
    os.killpg(house.services._processes["code server"].pid, signal.SIGKILL)
    house.services.stop()
    house.blocker.close()
    wait_until(lambda: not house.rows(SESSIONS))

    house = open_house()
    house.blocker.close()
    assert house.status(run_id) is DagsterRunStatus.STARTED
    with dg.DagsterInstance.get() as instance, house.installation.database.transaction() as db:
        now = datetime.now(UTC)
        assert end_lost_runs(instance, db, now) == []  # not before it has been silent for a while
        assert end_lost_runs(instance, db, now + timedelta(minutes=3)) == [run_id]
        # Of the others some are only waiting: the daemon is up, and its schedules tick.
        ended = instance.get_run_records(dg.RunsFilter(run_ids=[run_id]))
        record_ended_runs(instance, db, ended, {JOB}, now)
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
    with subprocess.Popen(
        [Path(sys.executable).with_name("trc"), "run", JOB], stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        wait_until(lambda: house.rows(f"{SESSIONS} AND wait_event = 'advisory'"))
        process.send_signal(number)
        began = time.monotonic()
        complaint = process.communicate(timeout=20)[1]
    assert time.monotonic() - began < 10
    assert process.returncode == 130
    # Before it, what it was waiting for.
    assert complaint.splitlines()[-1] == f"trc: {JOB} did not succeed: {INTERRUPTED[1]}"
    assert "Traceback" not in complaint
    assert house.rows("SELECT state FROM operations.job_executions") == [("interrupted",)]
