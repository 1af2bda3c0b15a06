"""An installation whose services run, and somebody who holds the lock its boards are written under."""

import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime

import dagster as dg
import psycopg2
import requests
from dagster import DagsterRunStatus
from sqlalchemy.engine import make_url

from trc_pipelines.cli.installation import Installation
from trc_pipelines.cli.services import Services

# How long a busy machine may take; whoever waits goes on at once when it has come.
PATIENCE_SECONDS = 60
JOB = "leaderboard_recalculation"
TABLE = "community.leaderboard_rankings"
# Starts what is asked for, and soon; by itself it does nothing: its ticks would meet the tests' runs.
QUIET_DAEMON = """
from dagster import DagsterInstance
from dagster._daemon import controller
controller.DEFAULT_DAEMON_INTERVAL_SECONDS = 1
DagsterInstance.get_required_daemon_types = lambda self: ["QUEUED_RUN_COORDINATOR", "BACKFILL"]
from dagster._daemon.cli import main
main()
"""
LAUNCH = """
mutation ($job: String!, $tags: [ExecutionTag!], $config: RunConfigData) {
  launchRun(executionParams: {
    selector: {repositoryName: "__repository__", repositoryLocationName: "trc_pipelines", jobName: $job},
    runConfigData: $config,
    executionMetadata: {tags: $tags}
  }) { __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } }
}"""
TERMINATE = "mutation ($id: String!) { terminateRun(runId: $id) { __typename } }"


def of_today() -> list[dict[str, str]]:
    day = str(datetime.now(UTC).date())
    return [
        {"key": f"dagster/asset_partition_range_{end}", "value": day} for end in ("start", "end")
    ]


class QuietServices(Services):
    """Whose daemon ticks no schedule and no sensor."""

    def start(self, name: str, *command: str) -> None:
        if name == "daemon":
            command = ("python", "-c", QUIET_DAEMON, *command[1:])
        super().start(name, *command)


class House:
    """A database, its services if they run, and somebody who holds the lock of the boards."""

    def __init__(
        self, installation: Installation, services: Services | None = None, port: int = 0
    ) -> None:
        self.installation = installation
        self.services = services
        self.port = port
        self.url = f"http://127.0.0.1:{port}/graphql"
        self.blocker = self.connect()
        # A test that failed may still have it: the next one fails too, and waits for nobody.
        self.blocker.cursor().execute(
            "SET lock_timeout = '1min'; SELECT pg_advisory_lock(hashtextextended(%s, 0))", [TABLE]
        )

    def connect(self) -> psycopg2.extensions.connection:
        url = make_url(self.installation.database.url).set(drivername="postgresql")
        connection = psycopg2.connect(url.render_as_string(hide_password=False))
        connection.autocommit = True
        return connection

    def ask(self, query: str, **variables: object) -> dict:
        answer = requests.post(
            self.url, json={"query": query, "variables": variables}, timeout=60
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


def wait_until(is_so: Callable[[], object], seconds: float = PATIENCE_SECONDS) -> float:
    """Wait for something; how long it took."""
    began = time.monotonic()
    while not is_so():
        assert time.monotonic() - began < seconds, "it never came"
        time.sleep(0.1)
    return time.monotonic() - began
