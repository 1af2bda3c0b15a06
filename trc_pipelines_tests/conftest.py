"""Real PostgreSQL for every test that wants one: both versions of the wheel, a fresh database each."""

import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from trc_pipelines.database.connection import Database
from trc_pipelines.database.embedded import start_embedded_server, stop_embedded_server
from trc_pipelines.database.migrations import create_engine, ensure_database, migrate
from trc_pipelines.demo.simulator import Simulator
from trc_pipelines.settings import Settings, load_settings
from trc_pipelines_tests.faults import injection
from trc_pipelines_tests.world import World, board

pytest_configure = injection.pytest_configure
POSTGRES_VERSIONS = [18, 16]
# A busy machine is no reason to fail: what is slow is measured in bench/, not here.
hypothesis.settings.register_profile("patient", deadline=None, print_blob=True)
hypothesis.settings.load_profile("patient")
TEMPLATE = "migrated"


@pytest.fixture(scope="session")
def servers() -> Iterator[dict[int, str]]:
    """URLs of running servers by major version, each with a migrated template database."""
    with tempfile.TemporaryDirectory(prefix="trc") as folder:
        # The server runs as a user of its own when the tests run as root.
        Path(folder).chmod(0o755)
        urls = {
            version: start_embedded_server(Path(folder) / str(version), version)
            for version in POSTGRES_VERSIONS
        }
        for server_url in urls.values():
            url = with_database(server_url, TEMPLATE)
            ensure_database(url)
            migrate(url)
        yield urls
        for version in POSTGRES_VERSIONS:
            stop_embedded_server(Path(folder) / str(version))


def with_database(url: str, name: str) -> str:
    """The same server, another database."""
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def create_database(server_url: str, template: str = TEMPLATE) -> str:
    """A new database, copied from the migrated template; its URL."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    engine = create_engine(server_url, database="postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    engine.dispose()
    return with_database(server_url, name)


@pytest.fixture(params=POSTGRES_VERSIONS)
def database_url(request: pytest.FixtureRequest, servers: dict[int, str]) -> str:
    """A fresh, migrated database on each major version."""
    return create_database(servers[request.param])


@pytest.fixture
def database(database_url: str) -> Database:
    """The same, as the pipelines know it; waits are short so that a hanging test is seen."""
    return Database(database_url, statement_timeout_seconds=30, lock_timeout_seconds=5)


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """A MEE6 that serves whatever `board` is set to."""
    with Simulator(board({})) as running:
        yield running


@pytest.fixture
def settings(database_url: str, simulator: Simulator, tmp_path: Path) -> Settings:
    """Settings that point at the test's database and simulator."""
    return load_settings(
        trc_home=tmp_path,
        database_url=database_url,
        mee6_guild_id=simulator.guild_id,
        mee6_base_url=simulator.base_url,
        mee6_request_interval_seconds=0,
        mee6_deadline_seconds=5,
        lock_timeout_seconds=5,
    )


@pytest.fixture
def world(database: Database, settings: Settings, simulator: Simulator) -> World:
    """An empty community."""
    return World(database, settings, simulator)
