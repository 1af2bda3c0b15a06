"""Real PostgreSQL for every test that wants one, a fresh database each, and nothing of the machine."""

# Before anything of the product.
from trc_pipelines_tests import isolation

# isort: split
import os
import signal
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from xdist.remote import Producer
from xdist.workermanage import WorkerController

from trc_pipelines.database.connection import Database
from trc_pipelines.demo.redis_server import serve_redis
from trc_pipelines.demo.simulator import Simulator
from trc_pipelines.settings import Settings
from trc_pipelines_tests.commands import Trc, install
from trc_pipelines_tests.databases import PooledDatabase, lend_database
from trc_pipelines_tests.faults import injection
from trc_pipelines_tests.progress import Progress
from trc_pipelines_tests.receivers import Receiver
from trc_pipelines_tests.scheduling import Scheduling, when
from trc_pipelines_tests.servers import POSTGRES_VERSIONS, Servers, end_servers
from trc_pipelines_tests.world import World, board, settings_of

# A busy machine is no reason to fail: what is slow is measured in bench/, not here.
hypothesis.settings.register_profile("patient", deadline=None, print_blob=True)
hypothesis.settings.load_profile("patient")


def pytest_configure(config: pytest.Config) -> None:
    injection.pytest_configure(config)
    # Ended by a timeout it must not leave servers, in memory at that: as Ctrl-C. A shell's "&" ignores that
    # one, Dagster makes SIGTERM the same, and a process that a test starts to be ended would never be.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    for line in (
        "quiet: on servers to which nothing else writes meanwhile",
        "either: proves nothing about PostgreSQL, so each test runs on one of the versions",
        "played(play): begins where play(url) has ended, which was played once for all such tests",
    ):
        config.addinivalue_line("markers", line)


def pytest_sessionstart(session: pytest.Session) -> None:
    config = session.config
    if config.getoption("tx", None) and not config.option.verbose:
        terminal = config.pluginmanager.get_plugin("terminalreporter")
        config.pluginmanager.register(Progress(terminal))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: WorkerController) -> None:
    node.workerinput["shared_folder"] = str(isolation.FOLDER)


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        end_servers(isolation.FOLDER)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    return Scheduling(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = [item for item in items if is_on_the_other_version(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in set(left_out)]
    items.sort(key=lambda item: when(item.nodeid))


def is_on_the_other_version(item: pytest.Item) -> bool:
    """Whether a test marked `either` is to run on another version than this one; by its name."""
    parameters = dict(item.callspec.params) if hasattr(item, "callspec") else {}
    version = parameters.get("database_url")
    if version is None or not item.get_closest_marker("either"):
        return False
    # Named as on the other one: indices of parameters are not, they go on counting there.
    name = item.name.replace(str(version), "", 1)
    return POSTGRES_VERSIONS[zlib.crc32(name.encode()) % len(POSTGRES_VERSIONS)] != version


@pytest.fixture(scope="session")
def shared_folder(request: pytest.FixtureRequest) -> Path:
    """One folder for all workers of this run."""
    given = getattr(request.config, "workerinput", {}).get("shared_folder")
    return Path(given) if given else isolation.FOLDER


@pytest.fixture(scope="session")
def servers(shared_folder: Path) -> Iterator[dict[int, str]]:
    """URLs of servers by major version, the same for all workers; each has a migrated template."""
    with Servers(shared_folder) as running:
        yield running


@pytest.fixture(scope="session")
def quiet_servers(shared_folder: Path) -> Iterator[dict[int, str]]:
    """The same for this worker alone: for what waits until every transaction of a server has ended."""
    with Servers(shared_folder / f"quiet-{os.getpid()}") as running:
        yield running


@pytest.fixture(params=POSTGRES_VERSIONS)
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A fresh, migrated database on each major version."""
    with lend_database(request, request.param) as url:
        yield url


@pytest.fixture
def database(database_url: str) -> Database:
    """The same, as the pipelines know it; waits end, so that a hanging test is seen."""
    return PooledDatabase(database_url, statement_timeout_seconds=60, lock_timeout_seconds=30)


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """A MEE6 that serves whatever `board` is set to."""
    with Simulator(board({})) as running:
        yield running


@pytest.fixture
def settings(database_url: str, simulator: Simulator, tmp_path: Path) -> Settings:
    """Settings that point at the test's database and simulator."""
    return settings_of(database_url, simulator, tmp_path)


@pytest.fixture
def world(database: Database, settings: Settings, simulator: Simulator) -> World:
    """An empty community."""
    return World(database, settings, simulator)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Sentry and a webhook on loopback."""
    running = Receiver()
    yield running
    running.close()


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """URL of a server of this worker's own."""
    with tempfile.TemporaryDirectory(prefix="rd") as folder, serve_redis(Path(folder)) as url:
        assert url, "neither the wheel of requirements.lock nor this machine has a Redis server"
        yield url


@pytest.fixture
def trc(tmp_path: Path) -> Iterator[Trc]:
    """The command, on an installation of its own."""
    with install(tmp_path) as call:
        yield call
