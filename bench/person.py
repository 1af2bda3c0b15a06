"""What a person waits for: a command, the demo from a fresh clone, the tests."""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE
from urllib.request import urlopen

from bench.measure import Figure, show_progress
from bench.server import Server
from trc_pipelines.settings import PROJECT_ROOT

COMMANDS = ("--help", "jobs")


def measure_commands(server: Server, _size: int, repetitions: int) -> Iterator[Figure]:
    """Measure commands that only tell something."""
    with tempfile.TemporaryDirectory(prefix="trc_bench_") as home, server.database() as url:
        env = os.environ | {"TRC_HOME": home, "DATABASE_URL": url}
        for command in COMMANDS:

            def run(command: str = command) -> None:
                subprocess.run(
                    [sys.executable, "-m", "trc_pipelines", command],
                    env=env,
                    stdout=subprocess.DEVNULL,
                    check=True,
                )

            costs = [server.cost_of(run) for _ in range(repetitions)]
            yield Figure(f"trc {command}", [cost.wall for cost in costs], "s", 0.5, costs=costs)


def measure_make_run(server: Server, _size: int, _repetitions: int) -> Iterator[Figure]:
    """Measure `make run` from a fresh clone until the UI answers, and the memory it takes then."""
    with _fresh_clone() as clone:
        show_progress("make run")
        port = _free_port()
        env = os.environ | {"TRC_HOME": str(clone / "home"), "WEBSERVER_PORT": str(port)}
        started = time.perf_counter()
        with subprocess.Popen(
            ["make", "run"], cwd=clone, env=env, stdout=PIPE, text=True, start_new_session=True
        ) as demo:
            try:
                _wait_for_ui(demo, port)
                seconds = time.perf_counter() - started
                gigabytes = sum(map(_proportional_bytes, _descendants(demo.pid))) / 1e9
            finally:
                os.killpg(demo.pid, signal.SIGINT)
    yield Figure("make run, from a fresh clone to the UI", [seconds], "s", 90)
    yield Figure("memory of what then runs, PostgreSQL apart", [gigabytes], "GB", 1)


def measure_make_test(server: Server, _size: int, _repetitions: int) -> Iterator[Figure]:
    """Measure `make test` in a fresh clone where everything is installed."""
    with _fresh_clone() as clone:
        subprocess.run(["make", "install"], cwd=clone, stdout=sys.stderr, check=True)
        show_progress("make test")

        def test() -> None:
            subprocess.run(["make", "test"], cwd=clone, stdout=sys.stderr, check=True)

        cost = server.cost_of(test)
    yield Figure("make test", [cost.wall], "s", 8 * 60, costs=[cost])


@contextmanager
def _fresh_clone() -> Iterator[Path]:
    """Clone what is committed."""
    with tempfile.TemporaryDirectory(prefix="trc_bench_") as folder:
        # The demo's server runs as a user of its own when the bench runs as root.
        Path(folder).chmod(0o755)
        clone = Path(folder, "clone")
        subprocess.run(["git", "clone", "--quiet", str(PROJECT_ROOT), str(clone)], check=True)
        yield clone


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def _wait_for_ui(demo: subprocess.Popen, port: int) -> None:
    """Wait until the person is told where it is, which comes after everything else."""
    for line in demo.stdout:
        print(line, end="", file=sys.stderr)
        if f"http://127.0.0.1:{port}" in line:
            with urlopen(f"http://127.0.0.1:{port}/server_info", timeout=5):
                return
    raise RuntimeError(f"make run ended with {demo.wait()}")


def _descendants(pid: int) -> Iterator[int]:
    yield pid
    for children in Path("/proc", str(pid)).glob("task/*/children"):
        for child in children.read_text().split():
            yield from _descendants(int(child))


def _proportional_bytes(pid: int) -> int:
    """Read the memory of a process, its part of what it shares with others."""
    [kilobytes] = re.findall(r"^Pss: +(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)
    return int(kilobytes) * 1024
