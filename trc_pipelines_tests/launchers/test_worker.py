"""A control and a worker, started for real over a Redis: what runs, what is stopped, what waits."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import dagster as dg
import pytest
from dagster import DagsterRunStatus
from dagster._core.launcher import WorkerStatus

from trc_pipelines.cli.installation import open_installation, prepare_databases
from trc_pipelines.cli.services import first_free_port
from trc_pipelines.demo.redis_server import serve_redis
from trc_pipelines_tests.house import (
    JOB,
    LAUNCH,
    PATIENCE_SECONDS,
    TABLE,
    TERMINATE,
    House,
    of_today,
    wait_until,
)
from trc_pipelines_tests.servers import create_database

pytestmark = pytest.mark.skipif(
    find_spec("dagster_celery") is None,
    reason="the extra celery is not installed: make test does",
)


@contextmanager
def running(log: Path, *command: str) -> "Iterator[subprocess.Popen[bytes]]":
    """A command of trc that runs until the block ends."""
    program = str(Path(sys.executable).with_name("trc"))
    with log.open("wb") as output:
        process = subprocess.Popen(
            [program, *command], stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise


class Cluster(House):
    """A control; workers come and go."""

    folder: Path
    broker: ExitStack

    @contextmanager
    def working(self, *options: str) -> "Iterator[subprocess.Popen[bytes]]":
        """A worker that is ready."""
        log = self.folder / "worker.log"
        with running(log, "worker", "--slots", "1", *options) as worker:
            wait_until(lambda: has_said(worker, log, "is ready"), PATIENCE_SECONDS)
            yield worker

    def said(self, run_id: str) -> str:
        return "\n".join(entry.message for entry in self._instance.all_logs(run_id))

    def end_of(self, run_id: str) -> DagsterRunStatus:
        over = (DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED)
        wait_until(lambda: self.status(run_id) in over, PATIENCE_SECONDS)
        return self.status(run_id)

    def ask_for_run(self) -> str:
        """A run, whether it can begin or not."""
        launched = self.ask(LAUNCH, job=JOB, tags=of_today())
        assert launched["__typename"] == "LaunchRunSuccess", launched
        return launched["run"]["runId"]

    @contextmanager
    def open_lock(self) -> Iterator[None]:
        """The boards may be written meanwhile."""
        key = [TABLE]
        self.blocker.cursor().execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", key)
        yield
        self.blocker.cursor().execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", key)


def has_said(process: "subprocess.Popen[bytes]", log: Path, words: str) -> bool:
    assert process.poll() is None, log.read_text()
    return words in log.read_text()


@pytest.fixture(scope="module")
def cluster(servers: dict[int, str]) -> Iterator[Cluster]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="trc")))
        broker = stack.enter_context(ExitStack())
        broker.enter_context(serve_redis(folder))
        port = first_free_port(0)
        given = {
            "TRC_HOME": folder / "home",
            "DATABASE_URL": create_database(servers[18]),
            "DOMAINS": "community",
            "MEE6_SYNC_ENABLED": "false",
            "MEE6_GUILD_ID": "77",
            "LOCK_TIMEOUT_SECONDS": "600",
            "WEBSERVER_PORT": port,
            "RUN_LAUNCHER": "celery",
            "CELERY_BROKER_URL": f"redis+socket://{folder}/redis.sock?virtual_host=0",
        }
        # An installation adds its own to them, which the tests behind it are not to find.
        stack.enter_context(
            patch.dict(os.environ, {name: str(value) for name, value in given.items()})
        )
        installation = stack.enter_context(open_installation(begins=True))
        prepare_databases(installation)
        log = folder / "control.log"
        control = stack.enter_context(running(log, "control"))
        wait_until(lambda: has_said(control, log, "Ctrl-C stops everything"), PATIENCE_SECONDS)
        cluster = Cluster(installation, None, port)
        cluster.folder, cluster.broker = folder, broker
        yield cluster
        cluster.blocker.close()


INTERRUPTED = ("interrupted", f"{TABLE} was interrupted; what was open is rolled back")


def test_a_worker_executes_ends_and_finishes_runs_also_when_the_broker_forgets_them(
    cluster: Cluster,
) -> None:
    with cluster.working() as worker:
        run_id = cluster.launch()
        cluster.ask(TERMINATE, id=run_id)
        wait_until(lambda: cluster.status(run_id) is DagsterRunStatus.CANCELED)
        assert cluster.execution(run_id) == INTERRUPTED

        run_id = cluster.launch()
        cluster.broker.close()
        cluster.broker.enter_context(serve_redis(cluster.folder))  # with nothing in it
        with dg.DagsterInstance.get() as instance:
            run = instance.get_run_by_id(run_id)
            health = instance.run_launcher.check_run_worker_health(run)
            assert health.status is WorkerStatus.RUNNING

        worker.send_signal(signal.SIGQUIT)
        time.sleep(1)
        assert worker.poll() is None  # it finishes what it has
        with cluster.open_lock():
            assert worker.wait(timeout=PATIENCE_SECONDS) == 0
        assert cluster.status(run_id) is DagsterRunStatus.SUCCESS


def test_a_run_waits_for_its_broker_and_a_worker_that_is_terminated_is_gone_at_once(
    cluster: Cluster,
) -> None:
    cluster.broker.close()
    with ExitStack() as stack:
        with cluster.open_lock():
            run_id = cluster.ask_for_run()
            wait_until(lambda: "re-submitting the run into the queue" in cluster.said(run_id))
            cluster.broker.enter_context(serve_redis(cluster.folder))
            worker = stack.enter_context(cluster.working())
            assert cluster.end_of(run_id) is DagsterRunStatus.SUCCESS
        run_id = cluster.launch()
        worker.terminate()
        assert worker.wait(timeout=PATIENCE_SECONDS) == 0
    assert cluster.execution(run_id) == INTERRUPTED
    assert cluster.end_of(run_id).name in ("CANCELED", "FAILURE")
