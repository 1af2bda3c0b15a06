"""A restore drill: a dump goes into another cluster, and followers go on without missing anything."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy.engine import make_url

from trc_pipelines.database.connection import Database
from trc_pipelines.database.embedded import (
    client_program,
    start_embedded_server,
    stop_embedded_server,
)
from trc_pipelines.database.migrations import create_engine, ensure_database
from trc_pipelines_tests.jobs.followers import connect, take, tell
from trc_pipelines_tests.servers import POSTGRES_VERSIONS, create_database, with_database
from trc_pipelines_tests.world import World

# Followers wait for every transaction of their server.
pytestmark = pytest.mark.quiet

ROLES = "CREATE ROLE trc_owner; CREATE ROLE trc_app; CREATE ROLE trc_analyst; "
LATER = 5_000


@pytest.fixture(scope="module")
def fresh_server() -> Iterator[str]:
    """A server of the newest version that nothing was ever done on."""
    with tempfile.TemporaryDirectory(prefix="trc") as folder:
        Path(folder).chmod(0o755)  # the server runs as a user of its own when the tests run as root
        data = Path(folder) / "data"
        url = start_embedded_server(data, POSTGRES_VERSIONS[0])
        engine = create_engine(url)
        with engine.begin() as connection:
            connection.exec_driver_sql(ROLES + "CREATE ROLE web LOGIN; GRANT trc_app TO web")
        engine.dispose()
        yield url
        stop_embedded_server(data)


@pytest.fixture
def used(quiet_servers: dict[int, str]) -> World:
    """A world on a server that has counted thousands of transactions; it reads no board."""
    world = World(Database(create_database(quiet_servers[POSTGRES_VERSIONS[0]])), None, None)
    count_transactions(world, LATER)
    return world


def count_transactions(world: World, more: int) -> None:
    """So many transactions come and go on the server."""
    connection = connect(world)
    connection.autocommit = True
    connection.cursor().execute("SET synchronous_commit = off")
    connection.cursor().execute(
        f"DO $$ BEGIN FOR i IN 1..{more} LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$"
    )
    connection.close()


def restore(world: World, server_url: str, folder: Path, name: str = "restored") -> World:
    """The same world on another server, by pg_dump and pg_restore."""
    url = with_database(server_url, name)
    ensure_database(url)
    archive = folder / f"{name}.dump"
    for program, *arguments in (
        ("pg_dump", "-Fc", "-f", archive, "-d", plain(world.database.url)),
        ("pg_restore", "--exit-on-error", "-d", plain(url), archive),
    ):
        subprocess.run([client_program(program), *arguments], check=True, timeout=60)
    return World(Database(url), None, None)


def plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def take_all(world: World, user: str | None = None) -> list[str]:
    """What a follower takes, two at a time, until there is no more."""
    taken: list[str] = []
    follower = connect(world)
    if user:
        follower.cursor().execute(f"SET SESSION AUTHORIZATION {user}")
    while some := take(follower):
        taken += some
        follower.commit()
    follower.close()
    return taken


def tell_in_reverse(world: World, first_told: int, second_told: int) -> None:
    """The second is taken first, though its id is higher: its transaction began before."""
    with world.database.transaction() as early, world.database.transaction() as late:
        early.stage("begun", pd.DataFrame({"n": [1]}))
        tell(late, first_told)
        tell(early, second_told)


def test_after_a_restore_followers_miss_neither_pending_events_nor_new_ones(
    used: World, fresh_server: str, tmp_path: Path
) -> None:
    with used.database.transaction() as transaction:
        tell(transaction, 1)
    follower = connect(used)
    assert take(follower) == ["1"]
    follower.commit()
    tell_in_reverse(used, 3, 2)
    follower.cursor().execute("SELECT * FROM operations.take_domain_events('app', 1)")
    follower.commit()  # 2: its id is above that of 3, which is still to come
    follower.close()
    with used.database.transaction() as transaction:
        tell(transaction, 4)

    restored = restore(used, fresh_server, tmp_path)
    assert next_transaction_id(restored) < LATER < next_transaction_id(used)
    with restored.database.transaction() as transaction:
        tell(transaction, 4, 5)
    # A login that owns nothing and may read nothing of the server follows them.
    assert take_all(restored, "web") == ["3", "4", "5"]
    with restored.database.transaction() as transaction:
        tell(transaction, 6)
    assert take_all(restored, "web") == ["6"]


def test_after_a_restore_nothing_that_commits_late_is_passed_over(
    used: World, fresh_server: str, tmp_path: Path
) -> None:
    with used.database.transaction() as transaction:
        tell(transaction, 1)
    restored = restore(used, fresh_server, tmp_path, "restored_late")
    with restored.database.transaction() as slow:
        tell(slow, 2)
        with restored.database.transaction() as quick:
            tell(quick, 3)
        assert take_all(restored) == ["1"]
    assert take_all(restored) == ["2", "3"]


def test_a_restore_without_any_event_left_goes_by_the_places(
    used: World, fresh_server: str, tmp_path: Path
) -> None:
    with used.database.transaction() as transaction:
        tell(transaction, 1)
    assert take_all(used) == ["1"]
    used.execute("DELETE FROM operations.domain_events")
    restored = restore(used, fresh_server, tmp_path, "restored_empty")
    with restored.database.transaction() as transaction:
        tell(transaction, 2)
    assert take_all(restored) == ["2"]


def test_restores_there_and_back_lose_nothing(
    used: World, fresh_server: str, quiet_servers: dict[int, str], tmp_path: Path
) -> None:
    with used.database.transaction() as transaction:
        tell(transaction, 1, 2)
    there = restore(used, fresh_server, tmp_path, "there")
    with there.database.transaction() as transaction:
        tell(transaction, 3)
    assert take_all(there) == ["1", "2", "3"]
    with there.database.transaction() as transaction:
        tell(transaction, 4)
    back = restore(there, quiet_servers[POSTGRES_VERSIONS[0]], tmp_path, f"back_{tmp_path.name}")
    with back.database.transaction() as transaction:
        tell(transaction, 5)
    again = restore(back, fresh_server, tmp_path, "there_again")
    with again.database.transaction() as transaction:
        tell(transaction, 6)
    for world in (back, again):
        assert take_all(world) == ["4", "5", "6"][: 2 if world is back else 3]


def test_a_transaction_that_began_below_the_count_of_the_dump_and_ended_above_it_is_followed(
    used: World, fresh_server: str, tmp_path: Path
) -> None:
    with used.database.transaction() as transaction:
        tell(transaction, 1)
    assert take_all(used) == ["1"]
    restored = restore(used, fresh_server, tmp_path, "restored_below")
    with restored.database.transaction() as transaction:
        transaction.stage("begun", pd.DataFrame({"n": [1]}))
        catch_up(restored, used)
        tell(transaction, 2)
    assert take_all(restored) == ["2"]


def test_while_the_first_event_after_a_restore_commits_none_beside_it_is_passed_over(
    used: World, fresh_server: str, tmp_path: Path
) -> None:
    with used.database.transaction() as transaction:
        tell(transaction, 1)
    restored = restore(used, fresh_server, tmp_path, "restored_beside")
    with ExitStack() as later:
        with restored.database.transaction() as first:
            tell(first, 2)
            catch_up(restored, used)
            second = later.enter_context(restored.database.transaction())
            tell(second, 3)
        taken = take_all(restored)
    assert taken + take_all(restored) == ["1", "2", "3"]


def catch_up(restored: World, used: World) -> None:
    """The count of the restored world's server passes that of the one the dump came from."""
    count_transactions(restored, next_transaction_id(used) - next_transaction_id(restored) + 1)


def next_transaction_id(world: World) -> int:
    return int(world.query("SELECT pg_current_xact_id()::text AS id")["id"].iat[0])
