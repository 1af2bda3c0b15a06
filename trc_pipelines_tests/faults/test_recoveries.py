"""A server that goes back in time, or gives way to one that knows less: nobody is paid twice for it.

One history on a server whose log is archived, and a backup from its beginning; then the server is gone.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import psycopg2
import pytest
import sqlalchemy as sa

from trc_pipelines.community.jobs import MEE6_SYNC
from trc_pipelines.community.steps.xp_deltas import xp_deltas
from trc_pipelines.database.connection import Database
from trc_pipelines.database.embedded import (
    client_program,
    start_embedded_server,
    stop_embedded_server,
)
from trc_pipelines.database.migrations import ensure_database, migrate
from trc_pipelines.demo.simulator import Simulator
from trc_pipelines.jobs.contract import Job, Result, Step, Work
from trc_pipelines_tests.betting.conftest import HOUR, Betting
from trc_pipelines_tests.catalogue import CHECKS, LEADERBOARD_WEEKLY_RESET
from trc_pipelines_tests.databases import close_connections
from trc_pipelines_tests.jobs.followers import connect
from trc_pipelines_tests.servers import SETTINGS, with_database
from trc_pipelines_tests.world import NOON, QUARTER, board, settings_of

WEEK = timedelta(days=7)
ARCHIVED = """\
archive_mode = on
archive_command = 'cp %p {0}/%f'
wal_level = replica
max_wal_size = '128MB'
shared_buffers = '32MB'
"""
RECOVERED = """\
restore_command = 'cp {0}/%f %p'
archive_mode = off
"""
TO_THE_MIDDLE = """\
recovery_target_name = 'middle'
recovery_target_action = promote
"""


@dataclass
class Payer:
    """Follows events and pays outside the database, where nothing is ever undone; once for each key."""

    paid: dict[str, int] = field(default_factory=dict)
    seen_again: set[str] = field(default_factory=set)

    def follow(self, world: Betting) -> None:
        connection = connect(world)
        with connection, connection.cursor() as cursor:
            cursor.execute(
                "SELECT dedupe_key, (payload ->> 'net')::bigint FROM operations.take_domain_events('payer') "
                "WHERE event_type = 'BetSettled'"
            )
            for key, net in cursor.fetchall():
                if key in self.paid:
                    assert self.paid[key] == net
                    self.seen_again.add(key)
                self.paid[key] = net
        connection.close()


@dataclass
class Past:
    """What is left of the server: its log, a backup, and what people remember of it."""

    folder: Path
    backup: Path
    simulator: Simulator
    payer: Payer
    balances: dict[int, int]
    points: dict[str, int]
    keys_before_tail: set[str]

    @contextmanager
    def recover(self, name: str, settings: str, mark: str) -> Iterator[Betting]:
        """A server made of the backup and of the log that was archived."""
        data = self.folder / name
        shutil.copytree(self.backup, data)
        with (data / "postgresql.auto.conf").open("a") as file:
            file.write(RECOVERED.format(self.folder / "archive") + settings)
        (data / mark).touch()
        give_to_server(data)
        with run_server(data) as url:
            yield world_at(with_database(url, "trc"), self.simulator)


@contextmanager
def run_server(data: Path, settings: str = SETTINGS) -> Iterator[str]:
    """A server that ends with the block, whatever became of it in there."""
    url = start_embedded_server(data, settings=settings)
    try:
        yield url
    finally:
        close_connections(with_database(url, "trc"))
        stop_embedded_server(data)


def give_to_server(data: Path) -> None:
    """Under root the server runs as a user of its own."""
    if os.geteuid() == 0:
        owner = (data.parent / "primary").owner()
        for path in (data, *data.rglob("*")):
            shutil.chown(path, owner, owner)
    data.chmod(0o700)


def world_at(url: str, simulator: Simulator) -> Betting:
    settings = settings_of(url, simulator, Path(tempfile.gettempdir()))
    return Betting(Database(url, 30, 5), settings, simulator)


def play(world: Betting, number: int, at: datetime, payer: Payer) -> None:
    """A round: an app writes a bet that is won, jobs settle it and read the board, somebody is paid."""
    world.play(number, 1, "won", 100 * number, at - HOUR)
    world.settle(at)
    assert all(result.success for result in world.sync(at, {1001: 1000 + 250 * number}).values())
    payer.follow(world)


def archive_log(world: Betting) -> None:
    """All that was written is archived, as after a minute on a server."""
    connection = psycopg2.connect(connect(world).dsn)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_walfile_name(pg_switch_wal())")
        (name,) = cursor.fetchone()
        while True:
            cursor.execute("SELECT last_archived_wal >= %s FROM pg_stat_archiver", [name])
            if cursor.fetchone() == (True,):
                break
            time.sleep(0.02)
    connection.close()


@pytest.fixture(scope="module")
def past() -> Iterator[Past]:
    with (
        tempfile.TemporaryDirectory(prefix="trc") as name,
        Simulator(board({})) as simulator,
    ):
        folder = Path(name)
        folder.chmod(0o755)
        archive, data, backup = folder / "archive", folder / "primary", folder / "backup"
        archive.mkdir()
        archive.chmod(0o777)
        with run_server(data, SETTINGS + ARCHIVED.format(archive)) as server:
            url = with_database(server, "trc")
            ensure_database(url)
            migrate(url)
            world, payer = world_at(url, simulator), Payer()
            world.link({"ann": 1001})
            world.join(1)
            play(world, 1, NOON, payer)
            command = [client_program("pg_basebackup"), "-D", backup, "-d", server, "-X", "none"]
            subprocess.run([*command, "-c", "fast"], check=True, capture_output=True, timeout=60)
            (backup / ".handle_pids.json").unlink(missing_ok=True)
            play(world, 2, NOON + QUARTER, payer)
            stop_in_the_middle(world, NOON + 2 * QUARTER)
            play(world, 3, NOON + 3 * QUARTER, payer)
            archive_log(world)
            keys = set(payer.paid)
            play(world, 4, NOON + 4 * QUARTER, payer)
            remembered = world.balances(), world.points()
            # At once, as when the power fails: what was not archived is gone.
            os.kill(int((data / "postmaster.pid").read_text().split()[0]), signal.SIGQUIT)
        yield Past(folder, backup, simulator, payer, *remembered, keys)


def stop_in_the_middle(world: Betting, as_of: datetime) -> None:
    """A reading is accepted and what was gained is not posted: there the point to go back to is set."""
    original = xp_deltas.run

    def mark(work: Work) -> Result:
        connection = psycopg2.connect(connect(world).dsn)
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT pg_create_restore_point('middle')")
        connection.close()
        return original(work)

    steps = [Step(s.table, mark) if s is xp_deltas else s for s in MEE6_SYNC.steps]
    world.simulator.board = board({1001: 1000 + 250 * 2 + 125})
    world.run(Job("mee6_sync", "", "", timedelta(), steps, MEE6_SYNC.days), as_of)


def broken(world: Betting) -> list[str]:
    with world.database.transaction() as transaction:
        return [check.name for check in CHECKS if len(check.find_violations(transaction))]


def go_on(past: Past, world: Betting, first: int, payer: Payer) -> None:
    """The app writes again what it knows, the clock goes on, MEE6 has counted meanwhile."""
    for number in range(first, 5):
        play(world, number, NOON + 40 * QUARTER + number * QUARTER, payer)
    assert world.balances() == past.balances
    assert world.points() == past.points
    assert broken(world) == []
    assert sum(payer.paid.values()) == world.balances()[1] - 100_000
    world.sync(NOON + WEEK)
    closed = world.run(LEADERBOARD_WEEKLY_RESET, NOON + WEEK)
    assert closed["community.leaderboard_archive"].affected == 1


def test_a_recovery_to_the_middle_of_a_sync_is_gone_on_from_and_pays_nobody_twice(
    past: Past,
) -> None:
    payer = Payer(dict(past.payer.paid))
    with past.recover("recovered", TO_THE_MIDDLE, "recovery.signal") as world:
        wait_until_writable(world)
        assert broken(world) == []
        half = "SELECT deltas_at IS NULL AND posted_at IS NULL AS is_half FROM community.mee6_syncs"
        assert world.rows(f"{half} ORDER BY sync_id") == [(False,), (False,), (True,)]
        missing = set(payer.paid) - told(world)
        assert len(missing) == 2
        go_on(past, world, 3, payer)
        assert payer.seen_again == missing


def test_a_standby_that_is_promoted_without_the_last_of_the_log_makes_up_for_it_once(
    past: Past,
) -> None:
    payer = Payer(dict(past.payer.paid))
    with past.recover("standby", "", "standby.signal") as world:
        wait_until(world, "SELECT count(*) = 3 FROM betting.game_settlements")
        with pytest.raises(sa.exc.DBAPIError, match="read-only"):
            world.execute("DELETE FROM betting.bets")
        world.query("SELECT pg_promote()")
        wait_until_writable(world)
        assert broken(world) == []
        assert told(world) == past.keys_before_tail
        missing = set(payer.paid) - told(world)
        assert len(missing) == 1
        go_on(past, world, 4, payer)
        assert payer.seen_again == missing


def told(world: Betting) -> set[str]:
    events = "SELECT dedupe_key FROM operations.domain_events WHERE event_type = 'BetSettled'"
    return {key for (key,) in world.rows(events)}


def wait_until_writable(world: Betting) -> None:
    wait_until(world, "SELECT NOT pg_is_in_recovery()")


def wait_until(world: Betting, question: str) -> None:
    deadline = time.monotonic() + 60
    while world.rows(question) != [(True,)]:
        assert time.monotonic() < deadline, question
        time.sleep(0.05)
