"""A settlement or a reset that is killed at any statement leaves nothing that the next one does not mend."""

import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from unittest import mock

import pytest

from trc_pipelines.betting.jobs import BANKROLL_RESET, GAME_SETTLEMENT
from trc_pipelines.jobs.contract import Job
from trc_pipelines.settings import load_settings
from trc_pipelines_tests.betting.conftest import DAY, HOUR, MINUTE, Betting
from trc_pipelines_tests.databases import PooledDatabase, engine_of, remove_database
from trc_pipelines_tests.faults.crasher import Crasher
from trc_pipelines_tests.faults.lives import find_differences, tables_of
from trc_pipelines_tests.servers import create_database

SUNDAY = datetime(2026, 3, 1, 20, tzinfo=UTC)
ANN, BOB, CEM = range(1, 4)


@pytest.fixture
def worlds(servers: dict[int, str], tmp_path: Path) -> Iterator[tuple[Betting, Betting]]:
    """Two that begin alike: one to be killed in, one where nobody is."""
    made = []
    for _ in range(2):
        url = create_database(servers[18])
        settings = load_settings(database_url=url, trc_home=tmp_path, mee6_guild_id=77)
        made.append(Betting(PooledDatabase(url, 20, 10), settings, None))
        made[-1].join(ANN, BOB, CEM)
        bet(made[-1], 0)
    yield made[0], made[1]
    for world in made:
        remove_database(world.database.url)


def bet(world: Betting, week: int) -> None:
    """Of each outcome one, a loss that no balance can bear, and what is over after Monday has begun."""
    sunday = SUNDAY + 7 * week * DAY
    bets = [
        (ANN, "won", 40_000), (BOB, "lost", 250_000), (CEM, "push", 5_000), (CEM, "lost", 999),
    ]  # fmt: skip
    for number, what in enumerate(bets, start=100 * week + 100):
        world.play(number, *what, over_at=sunday)
    world.play(100 * week + 199, CEM, "won", 333, over_at=sunday + 4 * HOUR + 10 * MINUTE)


def join(world: Betting, user: int, at: datetime) -> None:
    """Somebody comes, who is reset in a week."""
    world.write(
        users=[{"id": user, "username": f"u{user}", "created_at": at}],
        bankrolls=[{"user_id": user, "balance": 7}],
    )


@contextmanager
def meanwhile(world: Betting) -> Iterator[None]:
    """What is done to the world is committed at the end: the app has a transaction open."""
    with engine_of(world.database.url).begin() as connection:
        options = {"no_parameters": True}
        execute = partial(connection.exec_driver_sql, execution_options=options)
        with mock.patch.object(world, "execute", execute):
            yield


def run_killed(
    crasher: Crasher,
    world: Betting,
    job: Job,
    at: datetime,
    act: Callable[[Betting], None],
    point: int,
) -> bool:
    """Kill a run at a point while users act, and run it again; whether it came so far."""
    url = world.database.url
    with meanwhile(world):
        act(world)
        first = crasher(url, at, {}, job=job.name, deadly=point)["ends"]
    assert first in ([0], [-signal.SIGKILL]), f"{job.name}, point {point}"
    assert crasher(url, at, {}, job=job.name)["ends"] == [0], f"{job.name} after point {point}"
    return first != [0]


def test_killed_at_any_statement_of_a_settlement_or_a_reset_the_next_run_ends_where_no_crash_would_have(
    worlds: tuple[Betting, Betting], crasher: Crasher
) -> None:
    """Sunday's settlement and Monday's reset are killed at their first point, a week later at the second …"""
    killed, calm = worlds
    tables = [*tables_of(calm, "betting"), "operations.domain_events"]
    deaths, week, are_over = Counter[str](), 0, False
    while not are_over:
        monday = SUNDAY + 7 * week * DAY + 4 * HOUR
        for world in worlds:
            world.play(100 * week + 198, ANN, "cancelled", 700, over_at=monday - DAY)
        for job, at, act in (
            (GAME_SETTLEMENT, monday - HOUR, partial(bet, week=week + 1)),
            (BANKROLL_RESET, monday + HOUR, partial(join, user=10 + week, at=monday + MINUTE)),
        ):
            deaths[job.name] += run_killed(crasher, killed, job, at, act, week + 1)
            calm.run(job, at)
            act(calm)
            assert not find_differences(killed, calm, tables), f"{job.name}, point {week + 1}"
            if job is GAME_SETTLEMENT:
                for world in worlds:
                    world.settle(monday + HOUR / 2)
        week += 1
        are_over = week > max(deaths.values())
    assert min(deaths.values()) > 20
    assert not killed.broken()
