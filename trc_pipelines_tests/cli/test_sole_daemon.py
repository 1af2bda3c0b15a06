"""Two daemons would fire every tick twice: the database lets one be, whatever the host."""

import pytest

from trc_pipelines.cli import sole_daemon
from trc_pipelines.cli.services import ServiceError
from trc_pipelines.cli.sole_daemon import be_the_sole_daemon
from trc_pipelines.database.connection import Database
from trc_pipelines_tests.world import World

pytestmark = pytest.mark.either

OURS = "application_name LIKE 'trc daemon on %' AND datname = current_database()"


@pytest.fixture(autouse=True)
def _look_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sole_daemon, "LOOK_EVERY_SECONDS", 0)


@pytest.fixture
def host(world: World) -> Database:
    """As a host has it: sessions that end when they are closed."""
    return Database(world.database.url, 30, 5)


def lose_sessions(world: World) -> None:
    world.query(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {OURS}")


def test_a_second_daemon_is_refused_with_the_name_of_the_first(host: Database) -> None:
    with (
        be_the_sole_daemon(host),
        pytest.raises(ServiceError, match=r"by another: trc daemon on .+, process \d+; stop"),
        be_the_sole_daemon(host),
    ):
        pass
    with be_the_sole_daemon(host):
        pass


def test_a_daemon_whose_session_was_lost_takes_its_right_again(
    world: World, host: Database
) -> None:
    with be_the_sole_daemon(host) as daemon:
        lose_sessions(world)
        daemon.check()
        assert daemon.is_lost
        daemon.check()
        with pytest.raises(ServiceError), be_the_sole_daemon(host):
            pass


def test_a_daemon_that_lost_its_right_to_another_host_ends(world: World, host: Database) -> None:
    with be_the_sole_daemon(host) as cut_off:
        lose_sessions(world)
        with be_the_sole_daemon(host):
            cut_off.check()
            with pytest.raises(ServiceError, match="by another"):
                cut_off.check()
