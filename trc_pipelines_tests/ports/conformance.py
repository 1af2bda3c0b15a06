"""What every write port has to keep, whoever implements it, tried with two sessions.

An adapter is tried with the same calls: only how a row comes to be in the app, what the app does with
it meanwhile, and how it is looked at are its own (`AppSide`).
"""

import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeAlias

import psycopg2
import psycopg2.extensions

Connection: TypeAlias = psycopg2.extensions.connection

READ_AT = "timestamptz '2026-01-05 12:00Z'"
AS_OF = "timestamptz '2026-01-05 12:30Z'"
OVERDUE = "timestamptz '2026-01-05 11:00Z'"

BET = (
    "('bet1', 'ann', 'game1', 'moneyline', '{\"team\": \"Hawks\"}', 1000, 100, NULL, false, false, "
    f"NULL, {READ_AT}, 'pending', NULL, NULL, 'completed', 'Hawks', 'Owls', 21, 10, {OVERDUE}, "
    f"{READ_AT}, 'won', 2000, 1000, {AS_OF})::betting.bet_outcome"
)
# One call of each port about one row, as it was read.
CALLS = {
    "quiz.grant_lives": f"ARRAY[row('ann', 3, 5, {OVERDUE}, 1, 4, {AS_OF})::quiz.life_grant], {AS_OF}",
    "quiz.judge_streaks": (
        f"ARRAY[row('ann', 7, 1, {OVERDUE}, 'protected', 0)::quiz.streak_judgement], {AS_OF}"
    ),
    "quiz.expire_sessions": f"ARRAY[row('session1', {OVERDUE}, {READ_AT})::quiz.overdue_session], {AS_OF}",
    "betting.settle_bets": f"ARRAY[row{BET}]",
    "betting.expire_content": f"ARRAY[row('post', 'post1', {READ_AT})::betting.content_item], {AS_OF}",
    "betting.remove_content": f"ARRAY[row('post', 'post1', NULL)::betting.content_item], {READ_AT}",
}


@dataclass(frozen=True)
class AppSide:
    """One port's row, in the app's own tables.

    Attributes:
        insert: makes the row as `CALLS` read it.
        change: what the app does with it meanwhile, after which the port must leave it alone.
        look: one value that tells what the row says.
    """

    insert: str
    change: str
    look: str


def call(port: str) -> str:
    """SELECT that counts the rows a port says it changed."""
    return f"SELECT count(*) FROM {port}({CALLS[port]})"


def try_port(url: str, port: str, app: AppSide) -> None:
    """Try that a port writes what still is as it was read, waits for the app, and lets it win.

    Raises:
        AssertionError: it does not.
    """
    with psycopg2.connect(url) as ours, psycopg2.connect(url) as theirs:
        _run(theirs, app.insert)
        theirs.commit()

        _run(theirs, app.change)
        after_the_app = _run(theirs, app.look)
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(_run, ours, call(port))
            waited = _wait_for_lock(ours, url, answer)
            theirs.commit()
            changed = answer.result(timeout=60)
        ours.commit()
        assert waited, f"{port} does not wait for a row that the app is changing"
        assert changed == 0, f"{port} says it changed a row that the app had changed meanwhile"
        assert _run(ours, app.look) == after_the_app, f"{port} lost what the app did meanwhile"

    with psycopg2.connect(url) as ours:
        assert _run(ours, call(port)) == 0, f"{port} changed a row that is not as it was read"
        assert _run(ours, app.look) == after_the_app, f"{port} lost what the app did before"


def try_alone(url: str, port: str, app: AppSide) -> None:
    """Try that a port writes a row nobody else touches, once.

    Raises:
        AssertionError: it does not.
    """
    with psycopg2.connect(url) as ours:
        _run(ours, app.insert)
        before = _run(ours, app.look)
        assert _run(ours, call(port)) >= 1, f"{port} left alone what still was as it was read"
        after = _run(ours, app.look)
        assert after != before, f"{port} says it changed a row, which is as it was"
        assert _run(ours, call(port)) == 0, f"{port} changed the same row twice"
        assert _run(ours, app.look) == after, f"{port} changed the same row twice"
        ours.rollback()


def try_ports(url: str, apps: Mapping[str, AppSide]) -> None:
    """Try every port of an app."""
    for port, app in apps.items():
        try_alone(url, port, app)
        try_port(url, port, app)


def _run(session: Connection, statement: str) -> object:
    with session.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0] if cursor.description else None


def _wait_for_lock(session: Connection, url: str, answer: Future[object]) -> bool:
    """Whether the session comes to wait for a lock before it has answered."""
    pid = session.info.backend_pid
    with psycopg2.connect(url) as third:
        third.autocommit = True
        until = time.monotonic() + 60
        while not answer.done() and time.monotonic() < until:
            if _run(
                third, f"SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = {pid}"
            ):
                return True
            time.sleep(0.01)
    return False
