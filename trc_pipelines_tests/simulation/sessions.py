"""Sessions take turns at their statements, in the order that a seed says, on a real PostgreSQL.

Each task (a run of a job, somebody in an app) has a thread, and one of them has the baton. Before each
call of a session it gives the baton back, so that between any two statements of one anything may
happen in another. A call that waits for a lock is found in `pg_blocking_pids`: its task is set aside
until the call returns, and the others go on. Faults strike at the same places, drawn by the same seed.
"""

import hashlib
import os
import random
import signal
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from unittest import mock

import adbc_driver_manager
import psycopg2
from sqlalchemy.engine import make_url

from trc_pipelines.database.connection import Connection, Database, _errors_of
from trc_pipelines.jobs import execution

# Of two that wait for each other the server ends the second, so soon after it began to wait. Who waits
# is left alone for so long, so that it is always the same one.
DEADLOCK_MILLISECONDS = 10
BLOCKED_SECONDS = 2 * DEADLOCK_MILLISECONDS / 1000
# To look costs as much as a statement, of which few take so long, and fewer wait.
FIRST_LOOK_SECONDS, LAST_LOOK_SECONDS = 0.01, 0.05
LOOK_AGAIN_SECONDS = 0.001
STUCK_SECONDS = 60.0
SHOWN = 60
REFUSALS = {
    "deadlock": ("40P01", "deadlock detected"),
    "serialization failure": ("40001", "could not serialize access"),
    "statement timeout": ("57014", "canceling statement due to statement timeout"),
    "lock timeout": ("55P03", "canceling statement due to lock timeout"),
    "disk full": ("53100", "could not extend file: No space left on device"),
}
BREAKS = ["cut", "cut", "answer lost", "killed", "killed after", "all cut"]
CRASH = "the server crashes"
FAULTS = {
    "connect": ["refused"],
    "begin": ["cut", "killed"],
    "rollback": [],
    "redis": ["refused", "answer lost", "killed", "killed after"],
    "commit": ["cut", "answer lost", "answer lost", "killed", "killed after"],
}

_here = threading.local()


def has_task() -> bool:
    """Whether who asks is a task: others wait for no turn."""
    return getattr(_here, "task", None) is not None


def this_task() -> "Task":
    """The task that has the baton, as it asks itself."""
    return _here.task


class KilledError(BaseException):
    """The process of this task is gone: it does nothing more, not even say so."""


class StuckError(Exception):
    """Everybody waits for a lock, and nobody is ended for it."""


@dataclass(frozen=True)
class Commit:
    """A transaction that was committed, acknowledged or not.

    Attributes:
        began, at: turns at which it began and was committed.
        statements: what was called in it, by the turn of its last call.
    """

    began: int
    at: int
    statements: dict[str, int]


def _closed() -> threading.Lock:
    lock = threading.Lock()
    lock.acquire()
    return lock


@dataclass(eq=False)
class Task:
    """Something that uses sessions: a run of a job, or somebody in an app.

    Attributes:
        may_fail: whether faults strike its sessions, drawn by the seed.
        struck: the call that is struck all the same, from 1, and by which fault.
        faults: those that did.
        error: what it ended with.
    """

    name: str
    run: Callable[[], object]
    may_fail: bool = False
    struck: tuple[int, str] | None = None
    calls: int = 0
    began: int = 0
    ended: int = 0
    faults: list[str] = field(default_factory=list)
    commits: list[Commit] = field(default_factory=list)
    error: BaseException | None = None
    state: str = "ready"
    turn: threading.Lock = field(default_factory=_closed)
    calling: tuple[int, Future] | None = None
    sessions: set = field(default_factory=set)
    is_dead: bool = False


class Scheduler:
    """Who has the baton.

    Attributes:
        clock: turns so far; orders everything that was seen.
        last: the last turns, for who looks at a failure.
    """

    def __init__(self, url: str) -> None:
        self.url = make_url(url).set(drivername="postgresql").render_as_string(False)
        self.monitor = self._connect()
        self.clock = 0
        self.digest = hashlib.sha256()
        self.last: deque[str] = deque(maxlen=400)
        self.counts: Counter[str] = Counter()
        self._tasks: Sequence[Task] = ()
        self._back = _closed()
        self._stuck: BaseException | None = None
        self._crash_at: int | None = None
        self._random = random.Random(0)
        self._fault_rate = 0.0
        name = make_url(url).database
        self.ask(f"ALTER DATABASE {name} SET deadlock_timeout = {DEADLOCK_MILLISECONDS}")
        # What is acknowledged outlives a crash of the server.
        self.ask(f"ALTER DATABASE {name} SET synchronous_commit = on")

    def close(self) -> None:
        self.monitor.close()

    def ask(self, sql: str, *parameters: object) -> list[tuple]:
        """Look at the database past all turns."""
        with self.monitor.cursor() as cursor:
            cursor.execute(sql, parameters or None)
            return cursor.fetchall() if cursor.description else []

    def run(
        self,
        tasks: Sequence[Task],
        seed: str,
        fault_rate: float = 0.0,
        crash_after: int | None = None,
    ) -> None:
        """Run tasks until all have ended, their statements interleaved by the seed.

        Args:
            crash_after: so many turns the server crashes.

        Raises:
            StuckError: all wait for locks, for too long.
        """
        self._random, self._fault_rate = random.Random(seed), fault_rate
        self._crash_at = crash_after and self.clock + crash_after
        self._tasks = tasks
        threads = [threading.Thread(target=self._live, args=(task,), daemon=True) for task in tasks]
        for thread in threads:
            thread.start()
        self._hand_on(self._choose())
        self._back.acquire()
        if self._stuck:
            raise self._stuck
        for thread in threads:
            thread.join()

    def call(self, session: Any, what: str, call: Callable[[], Any]) -> Any:
        """Make a call of a session when it is its turn; the call is what a fault strikes.

        Args:
            session: with `pid` (None: not connected yet), `submit` and the transaction it is in.
        """
        task: Task = _here.task
        if task.is_dead:
            raise KilledError(task.name)
        self._pass_on(task, "ready")
        if task.is_dead:
            raise KilledError(task.name)
        task.sessions.add(session)
        self.clock += 1
        if self.clock == self._crash_at:
            self._crash(task)
        fault = self._draw(task, what)
        if what == "begin":
            session.began, session.statements = self.clock, {}
        elif what != "commit":
            session.statements[what] = self.clock
        if what == "jobs/lock_session":
            session.is_locked = True
        if fault:
            self._note(task, f"{what}: {fault}")
            task.faults.append(f"{what}: {fault}")
            self.counts[fault] += 1
        if fault == "killed":
            self._kill(task)
        if fault == "all cut":
            for other in self._tasks:
                if other is not task:
                    other.faults.append(f"{what} of {task.name}: {fault}")
            self._end_sessions([pid for (pid,) in self.ask(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
                "AND application_name = 'trc' AND pid <> pg_backend_pid()")])  # fmt: skip
        if fault == "cut":
            self._end_sessions([session.pid])
        if fault in REFUSALS:
            call = session.refuse(*REFUSALS[fault])
        if fault == "refused":
            call = partial(_raise, session.lose())
        running = session.submit(call)
        self._wait(task, session, running)
        error = running.exception()
        if what == "jobs/unlock_session" and error is None:
            session.is_locked = False
        if what == "commit" and error is None:
            task.commits.append(Commit(session.began, self.clock, session.statements))
        if fault == "killed after":
            self._kill(task)
        if fault == "answer lost" and error is None:
            self._end_sessions([session.pid])
            error = session.lose()
        self._note(task, f"{what}{f' -> {type(error).__name__}' if error else ''}")
        if error:
            raise error
        return running.result()

    def tell(self, said: str) -> None:
        """Note something that a task saw, in the trace that two runs of a seed have in common."""
        self._note(_here.task, said)

    def _live(self, task: Task) -> None:
        _here.task = task
        task.turn.acquire()
        task.began = self.clock
        try:
            task.run()
        except BaseException as error:
            task.error = error
        task.ended = self.clock
        ended = type(task.error).__name__ if task.error else "well"
        self._note(task, f"ended {ended}")
        task.state = "ended"
        try:
            self._hand_on(self._choose())
        except BaseException as error:  # raised where somebody waits for it
            self._stuck = error
            self._hand_on(None)

    def _pass_on(self, task: Task, state: str) -> None:
        task.state = state
        chosen = self._choose()
        if chosen is not task:
            self._hand_on(chosen)
            task.turn.acquire()

    def _choose(self) -> Task | None:
        """Draw who is next, as soon as anybody can go on; nobody once all have ended."""
        deadline = time.monotonic() + STUCK_SECONDS
        while any(task.state != "ended" for task in self._tasks):
            self._look_after()
            ready = [task for task in self._tasks if task.state == "ready"]
            if ready:
                chosen = self._random.choice(ready)
                chosen.state = "running"
                return chosen
            if time.monotonic() > deadline:
                waiting = [task.name for task in self._tasks if task.state == "blocked"]
                self._stuck = StuckError(", ".join(waiting))
                return None
            time.sleep(FIRST_LOOK_SECONDS)
        return None

    def _hand_on(self, chosen: Task | None) -> None:
        """Give the baton to a task, or back to who began all."""
        (chosen.turn if chosen else self._back).release()

    def _wait(self, task: Task, session: Any, running: Future) -> None:
        seconds = FIRST_LOOK_SECONDS
        while True:
            try:
                running.exception(seconds)
            except TimeoutError:
                seconds = min(2 * seconds, LAST_LOOK_SECONDS)
            else:
                return
            if session.pid is None or not self._is_blocked(session.pid):
                continue
            time.sleep(BLOCKED_SECONDS)
            if not running.done() and self._is_blocked(session.pid):
                self.counts["waits for a lock"] += 1
                self._note(task, "waits")
                task.calling = session.pid, running
                self._pass_on(task, "blocked")
                return

    def _look_after(self) -> None:
        """Make ready again who got the lock. Whoever is neither waiting nor done is about to be one."""
        for task in self._tasks:
            if task.state != "blocked":
                continue
            pid, running = task.calling
            while not running.done() and not self._is_blocked(pid):
                with suppress(TimeoutError):
                    running.exception(FIRST_LOOK_SECONDS)
            if running.done():
                task.state = "ready"

    def _is_blocked(self, pid: int) -> bool:
        return self.ask("SELECT cardinality(pg_blocking_pids(%s)) > 0", pid) == [(True,)]

    def _draw(self, task: Task, what: str) -> str | None:
        task.calls += 1
        if task.struck and task.calls == task.struck[0]:
            fault, possible = task.struck[1], FAULTS.get(what)
            return fault if possible is None or fault in possible else next(iter(possible), None)
        if not task.may_fail or self._random.random() >= self._fault_rate:
            return None
        kinds = FAULTS.get(what, [*BREAKS, *REFUSALS])
        return self._random.choice(kinds) if kinds else None

    def _kill(self, task: Task) -> None:
        task.is_dead = True
        self._end_sessions([session.pid for session in task.sessions])
        raise KilledError(task.name)

    def _end_sessions(self, pids: Sequence[int | None]) -> None:
        for pid in pids:
            if pid is None:
                continue
            # Its own patience looks ten times a second.
            self.ask("SELECT pg_terminate_backend(%s)", pid)
            deadline = time.monotonic() + STUCK_SECONDS
            while self.ask("SELECT 1 FROM pg_stat_activity WHERE pid = %s", pid):
                if time.monotonic() > deadline:
                    raise StuckError(f"session {pid} does not end")
                time.sleep(LOOK_AGAIN_SECONDS)

    def _crash(self, task: Task) -> None:
        """Kill a process of the server: it ends all others, recovers from its log, and goes on."""
        self._note(task, CRASH)
        self.counts[CRASH] += 1
        for each in self._tasks:
            each.faults.append(CRASH)
        victim = self._connect()
        os.kill(victim.info.backend_pid, signal.SIGKILL)
        # Until it has noticed, it would let us in.
        with suppress(psycopg2.Error):
            while True:
                self.ask("SELECT pg_sleep(0.01)")
        deadline = time.monotonic() + STUCK_SECONDS
        while True:
            try:
                self.monitor = self._connect()
            except psycopg2.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(FIRST_LOOK_SECONDS)
            else:
                return

    def _connect(self) -> Any:
        connection = psycopg2.connect(self.url)
        connection.autocommit = True
        return connection

    def _note(self, task: Task, said: str) -> None:
        line = f"{self.clock} {task.name}: {' '.join(said.split())[:SHOWN]}"
        self.last.append(line)
        self.digest.update(line.encode())


def _raise(error: Exception) -> None:
    raise error


# Sessions of jobs ---------------------------------------------------------------------------------


class JobSession:
    """What the scheduler needs to know of a connection of the product."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        # Known already where no task opened it.
        self.pid = _read_pid(connection._driver) if connection._driver else None
        self.began, self.statements = 0, {}
        self.is_locked = False

    def submit(self, call: Callable[[], Any]) -> Future:
        return self.connection._worker.submit(call)

    def lose(self) -> Exception:
        """What is raised when no answer comes."""
        return adbc_driver_manager.OperationalError(
            "server closed the connection unexpectedly",
            status_code=adbc_driver_manager.AdbcStatusCode.IO,
        )

    def refuse(self, sqlstate: str, message: str) -> Callable[[], Any]:
        """Have the server itself refuse the statement, and with it the transaction."""
        driver = self.connection._driver

        def call() -> None:
            with driver.cursor() as cursor:
                cursor.execute(
                    f"DO $$ BEGIN RAISE EXCEPTION '{message}' USING ERRCODE = '{sqlstate}'; END $$"
                )

        return call


def _read_pid(driver: Any) -> int:
    with driver.cursor() as cursor:
        return cursor.execute("SELECT pg_backend_pid()").fetchone()[0]


@contextmanager
def jobs_take_turns(scheduler: Scheduler) -> Iterator[None]:
    """Have every call of the product's connections wait for its turn, where a task makes it."""
    real_await = Connection._await

    def take_turns(connection: Any, what: str, call: Callable, seconds: float) -> Any:
        if not has_task():
            return real_await(connection, what, call, seconds)
        if what == "connect" or not hasattr(connection, "session"):
            connection.session = JobSession(connection)
        session = connection.session

        def open_driver() -> Any:
            driver = call()
            session.pid = _read_pid(driver)
            return driver

        with _errors_of(what):
            return scheduler.call(session, what, open_driver if what == "connect" else call)

    with (
        mock.patch.object(Connection, "_await", take_turns),
        mock.patch.object(
            execution, "RETRY_DELAYS_SECONDS", (0,) * len(execution.RETRY_DELAYS_SECONDS)
        ),
    ):
        yield


@dataclass(frozen=True)
class KeptDatabase(Database):
    """Connections are kept and used again: to open one takes as long as a step."""

    kept: list[Connection] = field(default_factory=list, compare=False)

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        connection = self.kept.pop() if self.kept else Connection(self)
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        session = getattr(connection, "session", None)
        if task := getattr(_here, "task", None):
            task.sessions.discard(session)  # it is somebody else's now
        # A lock ends with the session at the latest: to give it up may have been refused.
        if connection._driver is None or (session and session.is_locked):
            connection.close()
        else:
            self.kept.append(connection)

    def close(self) -> None:
        """Keep none."""
        while self.kept:
            self.kept.pop().close()


# Sessions of apps ---------------------------------------------------------------------------------


class AppSession:
    """A connection of an app, whose statements take turns with those of the jobs."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._connection = psycopg2.connect(scheduler.url, application_name="app")
        self._worker = ThreadPoolExecutor(1)
        self.pid = self._connection.info.backend_pid
        self.submit = self._worker.submit
        self.began, self.statements = 0, {}
        with self._connection, self._connection.cursor() as cursor:
            cursor.execute("SET TimeZone = 'UTC'")

    def close(self) -> None:
        self._worker.shutdown()
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator["AppSession"]:
        """Commit at the end, or roll back when the block raises."""
        self._scheduler.call(self, "begin", lambda: None)
        try:
            yield self
            self._scheduler.call(self, "commit", self._connection.commit)
        except BaseException:
            self._connection.rollback()
            raise

    @property
    def committed_at(self) -> int:
        """The turn of the last commit."""
        return _here.task.commits[-1].at

    def do(self, sql: str, *parameters: object) -> list[tuple]:
        """Run a statement; its rows."""

        def call() -> list[tuple]:
            with self._connection.cursor() as cursor:
                cursor.execute(sql, parameters)
                return cursor.fetchall() if cursor.description else []

        return self._scheduler.call(self, sql, call)
