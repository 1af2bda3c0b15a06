"""The processes behind `trc up` and `trc control`: started together, watched, stopped together.

Each has a session of its own, so that Ctrl-C reaches only the command that started them, and so
that whatever they start themselves ends with them.
"""

import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import IO

import requests

from trc_pipelines.settings import PROJECT_ROOT

LOOPBACK = "127.0.0.1"
START_SECONDS = 120
# A run in progress gets this long to roll back. With the database it stays below ten seconds.
STOP_SECONDS, KILL_SECONDS = 6, 1
LOCATION = "trc_pipelines"


class ServiceError(Exception):
    """A process did not start, or ended by itself. The message names its log."""


class Services:
    """Running processes by name, each with its log."""

    def __init__(self, home: Path, lock: IO[str], environment: Mapping[str, str]) -> None:
        self._home = home
        self._logs = home / "logs"
        self._logs.mkdir(exist_ok=True)
        self._environment = environment
        self._lock = lock
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, *command: str) -> None:
        """Start one of the programs that were installed beside this Python."""
        program = Path(sys.executable).with_name(command[0])
        with self._log(name).open("wb") as log:
            self._processes[name] = subprocess.Popen(  # noqa: S603
                [str(program), *command[1:]],
                cwd=self._home,  # has no modules, which would be found before the library's
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                # Who outlives us keeps the lock: two daemons would run everything twice.
                pass_fds=[self._lock.fileno()],
            )
        self._lock.write(f" {self._processes[name].pid}")
        self._lock.flush()

    def check(self) -> None:
        """Raise ServiceError when one has ended."""
        for name, process in self._processes.items():
            if process.poll() is not None:
                raise ServiceError(
                    f"the {name} ended by itself (exit code {process.returncode}); "
                    f"why is said in {self._log(name)}"
                )

    def wait_until(self, is_ready: Callable[[], bool], name: str) -> None:
        """Wait for a service to answer."""
        give_up_at = time.monotonic() + START_SECONDS
        while not is_ready():
            self.check()
            if time.monotonic() > give_up_at:
                raise ServiceError(
                    f"the {name} did not answer within {START_SECONDS} s; see {self._log(name)}"
                )
            time.sleep(0.2)

    def stop(self) -> None:
        """Ask all to end, then make them."""
        self._signal(signal.SIGTERM)
        self._wait_for_end(STOP_SECONDS)
        self._signal(signal.SIGKILL)
        self._wait_for_end(KILL_SECONDS)

    def _wait_for_end(self, seconds: float) -> None:
        give_up_at = time.monotonic() + seconds
        while time.monotonic() < give_up_at and self._signal(0):
            for process in self._processes.values():
                process.poll()  # an ended child is in its group until it is waited for
            time.sleep(0.05)

    def _signal(self, number: int) -> bool:
        """Signal every process of every session, and say whether there was one."""
        found = False
        for process in self._processes.values():
            try:
                os.killpg(process.pid, number)
                found = True
            except ProcessLookupError:
                continue
        return found

    def _log(self, name: str) -> Path:
        return self._logs / f"{name.replace(' ', '_')}.log"


@contextmanager
def hold_home(home: Path) -> Iterator[IO[str]]:
    """Take the right to run services on this TRC_HOME, which ends with the last process that has it.

    Raises:
        ServiceError: somebody else has it.
    """
    with (home / "up.lock").open("a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise ServiceError(
                f"{home} is in use; stop the other trc first (Ctrl-C there, or: kill {lock.read()}), "
                "or set another TRC_HOME"
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield lock


def find_holders(home: Path) -> list[int]:
    """Find the processes that run services on this TRC_HOME: trc first, none where it does not run."""
    try:
        with (home / "up.lock").open(encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return []
    except BlockingIOError:
        return [int(pid) for pid in (home / "up.lock").read_text(encoding="utf-8").split()]
    return []


@contextmanager
def run_services(
    home: Path,
    lock: IO[str],
    environment: Mapping[str, str],
    web_port: int,
    read_only_port: int | None = None,
    web_host: str = LOOPBACK,
    meanwhile: Callable[[], None] = lambda: None,
) -> Iterator[Services]:
    """Run code server, UI and daemon: all are ready when the block begins, and gone when it is left.

    Args:
        web_host: address on which both UIs listen.
        read_only_port: of a second UI, for people who look: it refuses every change.
        meanwhile: is done while the code server loads the code, before anybody can ask it for a run.
    """
    code_port = first_free_port(0)
    # Read by workspace.yaml.
    code_server = {"TRC_CODE_SERVER_HOST": LOOPBACK, "TRC_CODE_SERVER_PORT": str(code_port)}
    services = Services(home, lock, {**os.environ, **environment, **code_server})
    workspace = str(PROJECT_ROOT / "workspace.yaml")
    try:
        services.start(
            "code server", "dagster", "code-server", "start",
            "-m", "trc_pipelines.definitions", "--location-name", LOCATION,
            "--host", LOOPBACK, "--port", str(code_port),
        )  # fmt: skip
        meanwhile()
        # The others would try it again only after ten seconds.
        services.wait_until(lambda: _is_open(code_port), "code server")
        web = ("dagster-webserver", "-h", web_host, "-w", workspace)
        services.start("webserver", *web, "-p", str(web_port))
        services.start("daemon", "dagster-daemon", "run", "-w", workspace)
        services.wait_until(lambda: _shows_code(web_host, web_port), "webserver")
        if read_only_port is not None:
            services.start("read-only webserver", *web, "-p", str(read_only_port), "--read-only")
            services.wait_until(
                lambda: _shows_code(web_host, read_only_port), "read-only webserver"
            )
        yield services
    finally:
        with _signals_ignored():
            services.stop()


def require_port(port: int) -> None:
    """Make sure that a port of the loopback interface is free, where another would not do.

    Raises:
        ServiceError: it is not.
    """
    if _is_open(port):
        raise ServiceError(f"port {port} is busy; --read-only-port accepts one that is free")


def first_free_port(first: int) -> int:
    """Find the first port from `first` on that can be opened on the loopback interface, or any from 0."""
    for port in range(first, min(first + 100, 65536)):
        with socket.socket() as candidate:
            candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                candidate.bind((LOOPBACK, port))
            except OSError:
                continue
            return int(candidate.getsockname()[1])
    raise ServiceError(f"no port from {first} on can be opened; set WEBSERVER_PORT to another")


def _is_open(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex((LOOPBACK, port)) == 0


def _shows_code(host: str, port: int) -> bool:
    """Check whether the UI answers and has loaded the code location."""
    query = "{workspaceOrError{... on Workspace{locationEntries{locationOrLoadError{__typename}}}}}"
    asked = LOOPBACK if host == "0.0.0.0" else host  # noqa: S104  # all of this host's
    try:
        answer = requests.post(f"http://{asked}:{port}/graphql", json={"query": query}, timeout=10)
    except (requests.ConnectionError, requests.Timeout):
        return False
    return answer.ok and '"RepositoryLocation"' in answer.text


@contextmanager
def _signals_ignored() -> Iterator[None]:
    """Ignore signals, for a second Ctrl-C must not leave half of them running."""
    handlers: dict[int, Callable[[int, FrameType | None], object] | int | None] = {
        number: signal.signal(number, signal.SIG_IGN)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
