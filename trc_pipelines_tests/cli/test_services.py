"""The processes behind `trc up`, started for real, ended, started again on what was there, and ended."""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from trc_pipelines.cli import services

PATIENCE_SECONDS = 180
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("MEE6_")}


@pytest.fixture(scope="module")
def environment() -> Iterator[dict[str, str]]:
    """An installation of its own that asks nobody anything, and whose port is taken."""
    # Not under pytest's folder, which every session that starts closes to other users: under root
    # the embedded server runs as one of its own.
    with tempfile.TemporaryDirectory(prefix="trc") as folder, socket.socket() as busy:
        Path(folder).chmod(0o755)
        # Below the ports the system hands out, so that nobody takes the next one meanwhile.
        busy.bind(("127.0.0.1", 20_000 + os.getpid() % 10_000))
        busy.listen()
        changed = {
            "TRC_HOME": str(Path(folder) / "home"),
            "MEE6_GUILD_ID": "1",
            "MEE6_SYNC_ENABLED": "false",
            "WEBSERVER_PORT": str(busy.getsockname()[1]),
            "DATABASE_URL": "",
            "DAGSTER_DATABASE_URL": "",
        }
        yield CLEAN | changed


def start(environment: dict[str, str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [str(Path(sys.executable).with_name("trc")), "up"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # As a shell's "&" starts it: it must end all the same.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    )


def read_until(process: "subprocess.Popen[str]", pattern: str) -> tuple[str, "re.Match[str]"]:
    """What it printed up to the line that matches."""
    assert process.stdout is not None
    printed = ""
    for line in process.stdout:
        printed += line
        if found := re.search(pattern, line):
            return printed, found
    raise AssertionError(f"it ended without {pattern!r}: {printed}")


def is_running(pid: int) -> bool:
    """Whether the process, or any other of its session, is there."""
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_services_start_together_and_end_together(environment: dict[str, str]) -> None:
    home = Path(environment["TRC_HOME"])
    process = start(environment)
    try:
        printed, found = read_until(process, r"http://127\.0\.0\.1:(\d+)")
        busy = environment["WEBSERVER_PORT"]
        assert found[1] != busy
        assert f"Port {busy} is busy" in printed
        assert requests.get(f"{found[0]}/server_info", timeout=PATIENCE_SECONDS).status_code == 200
        assert requests.get(found[0], timeout=PATIENCE_SECONDS).status_code == 200

        children = [int(pid) for pid in (home / "up.lock").read_text().split()[1:]]
        assert len(children) == 3
        assert all(is_running(pid) for pid in children)
        assert (home / "postgres" / "postmaster.pid").exists()

        second = start(environment)
        output, _ = second.communicate(timeout=PATIENCE_SECONDS)
        assert second.returncode == 1
        assert output.count("\n") == 1
        assert "is in use" in output

        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=PATIENCE_SECONDS) == 0
        assert time.monotonic() - began < PATIENCE_SECONDS / 3
        assert not any(is_running(pid) for pid in children)
        assert not (home / "postgres" / "postmaster.pid").exists()
        assert {log.name for log in (home / "logs").iterdir()} == {
            "code_server.log",
            "daemon.log",
            "webserver.log",
        }
    finally:
        process.kill()
        process.wait()


def test_a_child_that_dies_ends_everything(environment: dict[str, str]) -> None:
    process = start(environment)
    try:
        read_until(process, r"http://127\.0\.0\.1:(\d+)")
        lock = Path(environment["TRC_HOME"]) / "up.lock"
        children = [int(pid) for pid in lock.read_text().split()[1:]]
        os.kill(children[2], signal.SIGKILL)
        output, _ = process.communicate(timeout=PATIENCE_SECONDS)
        assert process.returncode == 1
        assert "trc: the daemon ended by itself" in output
        assert "daemon.log" in output
        assert not any(is_running(pid) for pid in children)
    finally:
        process.kill()
        process.wait()


def test_a_ui_that_is_slow_to_answer_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer_too_late(*_: object, **_options: object) -> None:
        raise requests.ReadTimeout

    monkeypatch.setattr(requests, "post", answer_too_late)
    assert not services._shows_code("127.0.0.1", 1)
