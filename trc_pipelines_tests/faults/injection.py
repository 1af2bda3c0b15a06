"""Faults under every test: connections that are lost and answers that are none, while it runs.

`make faults` switches it on (FAULT_RATE); without it nothing is patched. Each attempt of a step may
lose its connection for real, at one of its statements or at its commit, and each request to the
simulator may be answered with an error, cut short, reset, or with garbage. The job contract and the
client have to bring it through: no test knows of it. Each test begins from the seed and its own
name, so that one that fails can be run alone with the same faults.
"""

import os
import random
import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Any
from weakref import WeakKeyDictionary

import psycopg2
import pytest
from sqlalchemy.engine import make_url

from trc_pipelines.database.connection import Connection
from trc_pipelines.demo import simulator as simulator_module
from trc_pipelines.demo.simulator import Answer, Simulator
from trc_pipelines.jobs import execution
from trc_pipelines.jobs.contract import Result, Step
from trc_pipelines.jobs.execution import Attempt, Run
from trc_pipelines.mee6 import client
from trc_pipelines_tests.faults.proxy import Proxy

# What contract and client promise to bring through; a fourth in a row is not their promise.
MOST_IN_A_ROW = 3
# Steps make fewer: what is not reached strikes before the commit.
MOST_STATEMENTS = 10
BODY_BYTES = 40  # fewer than any answer has
UNDISTURBED = {
    "mee6/test_client.py": "counts requests and waits, with faults of its own",
    "demo/test_simulator.py": "asks without a client: nobody would try again",
    "faults/test_network.py": "loses connections itself and looks at what one attempt leaves",
    "faults/test_http_faults.py": "gives the client no time to try again",
    "leaderboards/test_cache.py::test_a_redis_that_takes_nothing_keeps_the_old_board_and_gets_the_new_"
    "one_later": "names the error that the first attempt meets in Redis",
}


class ResetError(ConnectionError):
    """The simulator hangs up without a word."""


class Injection:
    """A pytest plugin.

    Attributes:
        counts: faults injected and survived, by kind.
    """

    def __init__(self, rate: float, seed: str) -> None:
        self.rate, self.seed = rate, seed
        self.random = random.Random(seed)
        self.counts: Counter[str] = Counter()
        self.patch = pytest.MonkeyPatch()
        self._step = threading.local()
        self._pages: WeakKeyDictionary[Simulator, Counter[str]] = WeakKeyDictionary()
        self._disturb_steps()
        self._disturb_answers()

    # The session

    def pytest_report_header(self) -> str:
        return f"faults: {self.rate:.0%}, FAULT_SEED={self.seed}"

    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        for item in items:
            name = item.nodeid.partition("[")[0].removeprefix("trc_pipelines_tests/")
            for place in (name, name.partition("::")[0]):
                if place in UNDISTURBED:
                    item.add_marker(pytest.mark.undisturbed(UNDISTURBED[place]))
        left_out = [item for item in items if item.get_closest_marker("undisturbed")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        self.random.seed(f"{self.seed} {item.nodeid}")

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: object) -> None:
        self.counts.update(getattr(node, "workeroutput", {}).get("faults", {}))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput["faults"] = dict(self.counts)
        elif not (self.counts["database"] and self.counts["HTTP"]) and session.exitstatus == 0:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section("faults")
        for kind in ("database", "HTTP"):
            terminalreporter.line(
                f"{self.counts[kind]} {kind} faults, {self.counts[f'{kind} survived']} survived"
                + ("" if self.counts[kind] else ": nothing was injected, which is a failure")
            )
        details = sorted(kind for kind in self.counts if ": " in kind)
        terminalreporter.line(", ".join(f"{kind} {self.counts[kind]}" for kind in details))
        terminalreporter.line(f"the same again: FAULT_RATE={self.rate} FAULT_SEED={self.seed}")

    def pytest_unconfigure(self) -> None:
        self.patch.undo()

    def _strikes(self, in_a_row: int) -> bool:
        return self.random.random() < self.rate and in_a_row < MOST_IN_A_ROW

    def _count(self, kind: str, detail: str) -> None:
        self.counts.update([kind, f"{kind}: {detail}"])

    # The database

    def _disturb_steps(self) -> None:
        perform, attempt = Run.perform, Attempt._try_once

        def perform_and_count(run: Run, step: Step) -> Result:
            self._step.lost = 0
            result = perform(run, step)
            self.counts["database survived"] += self._step.lost
            return result

        def attempt_disturbed(step: Attempt) -> Result:
            # A test that says itself how often to try again loses the connection itself.
            is_own = delays != execution.RETRY_DELAYS_SECONDS
            if is_own or not self._strikes(self._step.lost):
                return attempt(step)
            kind = self.random.choice([self._lose_at_a_statement, self._lose_a_commit])
            with kind(step.run.connection):
                return attempt(step)

        delays = tuple(seconds / 1000 for seconds in execution.RETRY_DELAYS_SECONDS)
        self.patch.setattr(Run, "perform", perform_and_count)
        self.patch.setattr(Attempt, "_try_once", attempt_disturbed)
        self.patch.setattr(execution, "RETRY_DELAYS_SECONDS", delays)

    @contextmanager
    def _lose_at_a_statement(self, connection: Connection) -> Iterator[None]:
        """The server ends the session before the statement."""
        left = self.random.randint(1, MOST_STATEMENTS)
        real = connection._call

        def call(what: str, *rest: object) -> object:
            nonlocal left
            left -= what != "rollback"
            if left == 0 or (what == "commit" and left > 0):
                left = 0
                pid = real("pid", read_pid, 10)
                end_session(connection._database.url, pid)
                self._lost("before a commit" if what == "commit" else "before a statement")
            return real(what, *rest)

        connection._call = call
        try:
            yield
        finally:
            del connection._call

    @contextmanager
    def _lose_a_commit(self, connection: Connection) -> Iterator[None]:
        """The connection ends at its commit, which has happened or not."""
        is_done = self.random.random() < 0.5
        database = connection._database
        # It serves who is connected also after it has been left.
        with Proxy(database.url) as proxy:
            connection._database = replace(database, url=proxy.url)
            try:
                connection.reconnect()
            finally:
                connection._database = database
        number = proxy.commits + 1
        setattr(proxy, "cut_after_commit" if is_done else "cut_before_commit", number)
        try:
            yield
        finally:
            if proxy.commits >= number:
                self._lost("commit done, not acknowledged" if is_done else "commit not arrived")

    def _lost(self, detail: str) -> None:
        self._step.lost += 1
        self._count("database", detail)

    # HTTP

    def _disturb_answers(self) -> None:
        answer_well, handle = Simulator.answer, simulator_module._Handler.do_GET

        def answer(simulator: Simulator, path: str, user_agent: str | None) -> Answer:
            answer = answer_well(simulator, path, user_agent)
            # A simulator that a test has told to fail counts its requests.
            if simulator._faults:
                return answer
            in_a_row = self._pages.setdefault(simulator, Counter())
            if not self._strikes(in_a_row[path]):
                self.counts["HTTP survived"] += in_a_row.pop(path, 0)
                return answer
            in_a_row[path] += 1
            self._spoil(answer)
            return answer

        def do_get(handler: simulator_module._Handler) -> None:
            try:
                handle(handler)
            except ResetError:
                never_linger = struct.pack("ii", 1, 0)
                handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, never_linger)
                os.close(handler.connection.detach())
                handler.close_connection = True

        self.patch.setattr(Simulator, "answer", answer)
        self.patch.setattr(simulator_module._Handler, "do_GET", do_get)
        self.patch.setattr(client, "FIRST_BACKOFF_SECONDS", 0.001)

    def _spoil(self, answer: Answer) -> None:
        some_bytes = self.random.randbytes(self.random.randint(1, 500))
        faults = {
            "500": simulator_module.failure(500),
            "503": simulator_module.failure(503),
            "cut short": simulator_module.truncated(self.random.randrange(BODY_BYTES)),
            "garbage": simulator_module.raw(b"{" + some_bytes),
            "reset": None,
        }
        kind = self.random.choice(list(faults))
        self._count("HTTP", kind)
        if (fault := faults[kind]) is None:
            raise ResetError
        fault.change_answer(answer)


def read_pid(driver: Any) -> int:
    """The server's process of this session."""
    with driver.cursor() as cursor:
        return cursor.execute("SELECT pg_backend_pid()").fetchone()[0]


def end_session(url: str, pid: int) -> None:
    """Have the server end a session, and wait until it is gone."""
    dsn = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with closing(psycopg2.connect(dsn)) as other, other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])
        assert cursor.fetchone()[0], f"session {pid} goes on"


def pytest_configure(config: pytest.Config) -> None:
    """Switch it on when FAULT_RATE says so; processes of pytest-xdist inherit the seed."""
    config.addinivalue_line(
        "markers", "undisturbed(reason): cannot hold under faults that are not its own"
    )
    if rate := os.environ.get("FAULT_RATE"):
        seed = os.environ.get("FAULT_SEED") or str(random.randrange(10**6))
        os.environ["FAULT_SEED"] = seed
        config.pluginmanager.register(Injection(float(rate), seed))
