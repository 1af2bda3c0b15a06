"""Runs a job of the community in processes that end at a chosen point: the driver of the crash matrix.

Started once, so that a crash costs a fork and not an interpreter: imports are done, but no
connection is open and no thread runs when it forks. One command a line on standard input, one
answer a line on standard output.

A point is the moment before a statement, before a commit, or after a commit; what is after one
statement is before the next. Nothing in the product knows of it: the child wraps `Transaction` and
the driver's connection for itself.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pandas as pd

from trc_pipelines.database.connection import Database, Transaction
from trc_pipelines.jobs.contract import Options
from trc_pipelines.jobs.execution import perform
from trc_pipelines.mee6.client import Mee6Client
from trc_pipelines.mee6.models import Leaderboard
from trc_pipelines.settings import load_settings
from trc_pipelines_tests.catalogue import JOBS

GUILD = 77
ROOT = Path(__file__).resolve().parents[2]
BY_NAME = {job.name: job for job in JOBS}
Crasher = Callable[..., dict]


@contextmanager
def start_crasher() -> Iterator[Crasher]:
    """A driver; each call of it runs a job, which may be told to die at a point."""
    with subprocess.Popen(
        [sys.executable, "-m", "trc_pipelines_tests.faults.crasher"],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip

        def run(
            url: str, as_of: datetime, board: dict[int, int], *, job: str = "mee6_sync",
            deadly: int | None = None, how: str = "SIGKILL", processes: int = 1,
        ) -> dict:  # fmt: skip
            command = {
                "url": url, "as_of": as_of.isoformat(), "board": board, "job": job,
                "deadly": deadly, "how": how, "processes": processes,
            }  # fmt: skip
            print(json.dumps(command), file=process.stdin, flush=True)
            return json.loads(process.stdout.readline())

        yield run
        process.stdin.close()


class CrashError(Exception):
    """An error nobody foresaw."""


class Points:
    """Counts the points that are passed, and ends the process, or raises, at one of them.

    Attributes:
        commits: those on either side of a commit.
    """

    def __init__(self, deadly: int | None, how: str) -> None:
        self.deadly, self.how, self.passed = deadly, how, 0
        self.commits: list[int] = []

    def passing(self) -> None:
        self.passed += 1
        if self.passed != self.deadly:
            return
        if self.how == "exception":
            raise CrashError
        os.kill(os.getpid(), getattr(signal, self.how))
        signal.pause()

    def watch(self, call, *, is_commit: bool = False):
        def watched(*args, **kwargs):
            self.passing()
            result = call(*args, **kwargs)
            if is_commit:
                self.passing()
                self.commits += [self.passed - 1, self.passed]
            return result

        return watched


class WatchedConnection:
    """A driver connection whose commits are points, where anything was written."""

    def __init__(self, real, points: Points) -> None:
        self._real = real
        self.adbc_connection = WatchedHandle(real, points)

    def __getattr__(self, name: str):
        return getattr(self._real, name)


class WatchedHandle:
    """What a driver connection is to the driver; a transaction ends where it is told to autocommit."""

    def __init__(self, connection, points: Points) -> None:
        self._connection, self._real, self._points = connection, connection.adbc_connection, points

    def __getattr__(self, name: str):
        return getattr(self._real, name)

    def set_autocommit(self, is_on: bool) -> None:
        call = self._real.set_autocommit
        if is_on and self._has_written():
            call = self._points.watch(call, is_commit=True)
        call(is_on)

    def _has_written(self) -> bool:
        with self._connection.cursor() as cursor:
            cursor.execute("SELECT pg_current_xact_id_if_assigned() IS NOT NULL")
            return cursor.fetchone()[0]


def run_child(command: dict) -> Points:
    """One run of the job; the points it passed."""
    points = Points(command["deadly"], command["how"])
    Transaction._use = points.watch(Transaction._use)
    open_driver = Database.open_driver
    Database.open_driver = lambda database: WatchedConnection(open_driver(database), points)
    players = pd.DataFrame(
        {
            "discord_id": pd.Series([int(i) for i in command["board"]], dtype="int64"),
            "xp": pd.Series(list(command["board"].values()), dtype="int64"),
            "level": pd.Series([None] * len(command["board"]), dtype="Int64"),
            "message_count": pd.Series([None] * len(command["board"]), dtype="Int64"),
        }
    )
    board = Leaderboard(GUILD, players, 1.0, pages=1, requests=1, duplicates=0)
    Mee6Client.read_leaderboard = lambda *_, **__: board
    as_of = datetime.fromisoformat(command["as_of"])
    perform(
        Database(command["url"], statement_timeout_seconds=60, lock_timeout_seconds=30),
        load_settings(
            database_url=command["url"],
            mee6_guild_id=GUILD,
            trc_home="/nonexistent",
            lock_timeout_seconds=10,
        ),
        BY_NAME[command["job"]],
        Options(as_of=as_of, now=as_of, run_id=f"{os.getpid()}-{as_of}", executed_by="crasher"),
    )
    return points


def main() -> None:
    for line in sys.stdin:
        command = json.loads(line)
        # Closed again: what the driver knows of the database is inherited, and not read by each child.
        Database(command["url"]).open_driver().close()
        reader, writer = os.pipe()
        children = []
        for _ in range(command["processes"]):
            if (child := os.fork()) == 0:
                try:
                    points = run_child(command)
                    os.write(writer, f"{json.dumps([points.passed, points.commits])}\n".encode())
                    os._exit(0)
                except CrashError:
                    os._exit(3)
                except BaseException as error:
                    print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
                    os._exit(4)
            children.append(child)
        ends = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        os.close(writer)
        with os.fdopen(reader) as answers:
            passed = [json.loads(line) for line in answers]
        answer = {"ends": ends, "passed": [n for n, _ in passed], "commits": [c for _, c in passed]}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
