"""Many users at once: a few connections to the app's tables, each for a share of them."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime
from functools import partial
from typing import Self

from trc_pipelines.database.connection import Connection, Database
from trc_pipelines.database.statements import load_statement
from trc_pipelines.demo.play import Tick, plan_ticks
from trc_pipelines.jobs.contract import Job


def act(connection: Connection, statement: str, **parameters: object) -> None:
    """Do one thing a user does: a statement, which is a transaction by itself.

    Thousands do in a play: to begin and commit each would take four times as long.
    """
    loaded = load_statement(statement)
    values = loaded.bind(parameters)
    connection.use(statement, lambda cursor: cursor.execute(loaded.text, values))


class CrowdApp:
    """An app whose users go on while jobs run.

    Attributes:
        jobs: those of its domain.
        at_once: how many of its users act at the same time.
    """

    takes_turns = False
    jobs: Sequence[Job]
    at_once: int

    def __init__(self, database: Database, *of_its_own: object) -> None:
        self.open_apart = partial(type(self), database, *of_its_own)
        self._database = database
        self._connections: list[Connection] = []
        self._open = ExitStack()

    def __enter__(self) -> Self:
        self._pool = self._open.enter_context(ThreadPoolExecutor(self.at_once))
        self._connections = [
            self._open.enter_context(self._database.connect()) for _ in range(self.at_once)
        ]
        return self

    def __exit__(self, *exception: object) -> None:
        self._open.close()

    def plan(self, after: datetime, now: datetime) -> list[Tick]:
        """Plan stretches, with the jobs that were due."""
        return plan_ticks(self.jobs, after, now)
