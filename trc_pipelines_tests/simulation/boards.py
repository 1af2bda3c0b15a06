"""Boards in Redis: apps read them between any two commands of whoever exchanges them, and see whole ones.

A command takes its turn as a statement does, and so does a transaction of them, which Redis does at once.
"""

import json
import random
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest import mock

import redis
from redis.client import Pipeline

from trc_pipelines_tests.simulation.sessions import Scheduler, has_task

if TYPE_CHECKING:
    from trc_pipelines_tests.simulation.house import House

KEPT = {
    "community": "SELECT rank, member_id, score FROM community.leaderboard_rankings "
    "WHERE board = %s AND day = %s ORDER BY rank",
    "quiz": "SELECT rank, user_id, score FROM quiz.leaderboard_rankings "
    "WHERE board = %s AND %s IS NOT NULL AND rank IS NOT NULL ORDER BY rank",
}
BOARDS = ("global", "weekly", "monthly")


class RedisSession:
    """What the scheduler needs to know of somebody who gives Redis commands: nothing waits for a lock."""

    pid = None

    def __init__(self) -> None:
        self.began, self.statements = 0, {}

    def submit(self, call: Callable[[], Any]) -> Future:
        done: Future = Future()
        try:
            done.set_result(call())
        except redis.RedisError as error:
            done.set_exception(error)
        return done

    def lose(self) -> Exception:
        return redis.ConnectionError("Connection closed by server.")


@contextmanager
def commands_take_turns(scheduler: Scheduler) -> Iterator[None]:
    """Have every command of a task wait for its turn."""
    session = RedisSession()

    def take_turns(real: Callable) -> Callable:
        def call(client: Any, *args: Any, **options: Any) -> Any:
            if not has_task():
                return real(client, *args, **options)
            return scheduler.call(session, "redis", lambda: real(client, *args, **options))

        return call

    with (
        mock.patch.object(redis.Redis, "execute_command", take_turns(redis.Redis.execute_command)),
        mock.patch.object(
            Pipeline,
            "immediate_execute_command",
            take_turns(Pipeline.immediate_execute_command),
        ),
        mock.patch.object(Pipeline, "execute", take_turns(Pipeline.execute)),
    ):
        yield


class Reader:
    """An app that shows boards."""

    def __init__(self, house: "House") -> None:
        self.house = house
        self.client = redis.Redis.from_url(house.settings.redis_url, decode_responses=True)
        self.names = [(d.name, board) for d in house.domains if d.name in KEPT for board in BOARDS]
        self.seen: list[tuple[tuple[str, str], list, dict, dict | None]] = []
        self.newest: dict[tuple[str, str], str] = {}
        self.versions: dict[tuple, list] = {}

    def read(self, dice: random.Random) -> None:
        """Look at some boards, each as a whole."""
        for _ in range(dice.randint(2, 8)):
            self._look_at(dice.choice(self.names))

    def read_all(self) -> None:
        for name in self.names:
            self._look_at(name)

    def _look_at(self, name: tuple[str, str]) -> None:
        key = "trc:boards:" + ":".join(name)
        with self.client.pipeline() as pipe:
            pipe.lrange(f"{key}:rows", 0, -1)
            pipe.hgetall(f"{key}:members")
            pipe.get(f"{key}:about")
            rows, members, about = pipe.execute()
        self.seen.append((name, rows, members, json.loads(about) if about else None))

    def audit(self) -> None:
        """A board is whole, of one version, never an older one, and stays once it is there."""
        from trc_pipelines_tests.simulation.house import require

        for name, rows, members, about in self.seen:
            if about is None:
                require(name not in self.newest and not rows, f"the board {name} is gone: {rows}")
                continue
            board = [json.loads(row) for row in rows]
            whole = {row["member_id"]: row for row in board}
            require(
                [row["rank"] for row in board] == list(range(1, len(board) + 1))
                and len(whole) == len(board) == about["members"]
                and whole == {member: json.loads(row) for member, row in members.items()},
                f"the board {name} is not whole: {about}, {rows}, {members}",
            )
            version = (name, about["version"])
            require(
                self.versions.setdefault(version, rows) == rows,
                f"two boards {version}: {rows} and {self.versions[version]}",
            )
            before = self.newest.get(name, "")
            require(about["day"] >= before, f"the board {name} went back from {before} to {about}")
            self.newest[name] = about["day"]
        self.seen = []

    def audit_calm(self, _at: object) -> None:
        """What apps see is what the tables say."""
        from trc_pipelines_tests.simulation.house import require

        self.read_all()
        for name, rows, _, about in self.seen:
            domain, board = name
            require(about is not None, f"the board {name} was never published")
            kept = self.house.ask(KEPT[domain], board, about["day"])
            found = [(row["rank"], row["member_id"], row["score"]) for row in map(json.loads, rows)]
            require(found == kept, f"the board {name} of {about}: {found}, expected {kept}")
        self.audit()
