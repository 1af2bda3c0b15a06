"""`trc health`: what a supervisor is told, in time, and that nothing is started by asking."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from dagster._daemon.types import DaemonHeartbeat
from dagster_postgres.run_storage import PostgresRunStorage

from trc_pipelines.cli import health
from trc_pipelines.cli.health import DAEMON_PARTS, probe
from trc_pipelines.database.migrations import create_engine
from trc_pipelines.monitoring.alerts import Alert, Condition, enqueue_alert, report
from trc_pipelines.settings import Settings
from trc_pipelines_tests.commands import Trc
from trc_pipelines_tests.databases import lend_database
from trc_pipelines_tests.servers import create_database
from trc_pipelines_tests.world import World

NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def dagster_url(servers: dict[int, str]) -> str:
    """A database with Dagster's own tables."""
    url = create_database(servers[18], "template1")
    spelled = sa.engine.make_url(url).set(drivername="postgresql+psycopg2")
    PostgresRunStorage(spelled.render_as_string(hide_password=False), should_autocreate_tables=True)
    return url


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    with lend_database(request, 18) as url:
        yield url


@pytest.fixture
def installation(world: World, dagster_url: str) -> Settings:
    """Everything is well: the daemon has just beaten."""
    beat(dagster_url, 0)
    return world.settings.model_copy(
        update={"database_url": world.database.url, "dagster_database_url": dagster_url}
    )


def beat(dagster_url: str, seconds_ago: float) -> None:
    spelled = sa.engine.make_url(dagster_url).set(drivername="postgresql+psycopg2")
    storage = PostgresRunStorage(
        spelled.render_as_string(hide_password=False), should_autocreate_tables=False
    )
    for part in DAEMON_PARTS:
        storage.add_daemon_heartbeat(DaemonHeartbeat(time.time() - seconds_ago, part, "x", []))


def wrong(settings: Settings) -> dict[str, str]:
    return {one.part: one.message for one in probe(settings) if not one.is_well}


def test_all_is_well(installation: Settings) -> None:
    assert [one.part for one in probe(installation)] == list(health.PARTS)
    assert wrong(installation) == {}


def test_a_daemon_that_was_not_heard_of_for_two_minutes_is_not_well(
    installation: Settings, dagster_url: str
) -> None:
    beat(dagster_url, 130)
    assert "SCHEDULER" in wrong(installation)["daemon"]


def test_a_worker_is_well_with_its_database_whatever_the_daemon_and_the_jobs_are(
    installation: Settings, world: World, dagster_url: str
) -> None:
    beat(dagster_url, 130)
    with world.database.transaction() as transaction:
        report(transaction, Condition("failing", "daily_streaks", "critical", "look"), NOW)
    assert set(wrong(installation)) == {"daemon", "jobs"}
    of_worker = probe(installation, of_worker=True)
    assert [(one.part, one.is_well) for one in of_worker] == [("database", True), ("schema", True)]


def test_a_late_job_is_not_well_and_what_waits_for_a_person_is(
    installation: Settings, world: World
) -> None:
    with world.database.transaction() as transaction:
        report(transaction, Condition("quarantined", "mee6_sync", "error", "look"), NOW)
    assert wrong(installation) == {}
    with world.database.transaction() as transaction:
        report(transaction, Condition("failing", "daily_streaks", "critical", "look"), NOW)
    assert wrong(installation) == {"jobs": "daily_streaks failing"}


def test_alerts_that_nobody_takes_are_not_well(installation: Settings, world: World) -> None:
    hour_ago = NOW - timedelta(hours=1)
    with world.database.transaction() as transaction:
        enqueue_alert(transaction, Alert("a", "error", "a", "a"), hour_ago)
    assert wrong(installation) == {}  # there is no channel it could go to
    with_channel = installation.model_copy(update={"alert_urls": ("json://127.0.0.1:9",)})
    assert wrong(with_channel) == {"outbox": "not delivered: 1 alert"}
    world.execute(
        "INSERT INTO operations.alert_deliveries (alert_id, channel, attempts, delivered_at) "
        "SELECT alert_id, 'x', 1, now() FROM operations.alerts"
    )
    assert wrong(with_channel) == {}
    world.execute(
        "INSERT INTO operations.alert_deliveries (alert_id, channel, attempts, next_attempt_at) "
        "SELECT alert_id, 'y', 5, now() FROM operations.alerts"
    )
    assert wrong(with_channel) == {"outbox": "not delivered: 1 alert"}


def test_a_schema_that_is_behind_is_not_well(installation: Settings, world: World) -> None:
    engine = create_engine(world.database.url)
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM operations.migrations WHERE name = '0005_betting'")
    assert wrong(installation) == {"schema": "0005_betting is not applied: trc db migrate"}


def test_a_server_that_is_mute_is_not_well_within_seconds(settings: Settings) -> None:
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        url = f"postgresql://somebody:secret@127.0.0.1:{mute.getsockname()[1]}/trc"
        began = time.monotonic()
        (finding,) = probe(settings.model_copy(update={"database_url": url}), deadline_seconds=1)
        assert time.monotonic() - began < 60  # it never answers
    assert (finding.part, finding.is_well) == ("database", False)
    assert finding.message == "no answer in 1 s"


def test_asking_starts_nothing_and_makes_no_folder(tmp_path: Path) -> None:
    """As a probe does it: a process of its own, which ends although the database is mute."""
    home = tmp_path / "home"
    clean = {n: v for n, v in os.environ.items() if not n.endswith("_URL") and n[:4] != "MEE6"}
    program = Path(sys.executable).with_name("trc")
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        url = f"postgresql://somebody:secret@127.0.0.1:{mute.getsockname()[1]}/trc"
        for more, words in (
            ({}, "embedded server is not running"),
            ({"DATABASE_URL": url}, "timeout expired"),
        ):
            environment = clean | {"TRC_HOME": str(home)} | more
            done = subprocess.run(
                [program, "health"], env=environment, capture_output=True, text=True, timeout=300
            )
            assert done.returncode == 1
            assert done.stdout.startswith("not well: database: ")
            assert done.stdout.count("\n") == 1
            assert words in done.stdout
            assert "secret" not in done.stdout + done.stderr
    assert not home.exists()


def test_machines_get_json_and_an_exit_code(
    trc: Trc,
    installation: Settings,
    dagster_url: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_URL", str(installation.database_url))
    monkeypatch.setenv("DAGSTER_DATABASE_URL", dagster_url)
    assert trc("health", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["well"] is True
    assert set(said["parts"]) == set(health.PARTS)
    assert trc("health") == 0
    assert capsys.readouterr().out.startswith("well: database: answers; ")
    beat(dagster_url, 600)
    assert trc("health", "--json") == 1
    said = json.loads(capsys.readouterr().out)
    assert said["parts"]["daemon"]["well"] is False
