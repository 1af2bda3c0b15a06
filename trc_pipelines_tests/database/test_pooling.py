"""Behind a pooler a session is another's in the next transaction: nothing of ours stays in it."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta

import dagster as dg
import psycopg2
import pytest
import yaml
from sqlalchemy.engine import make_url

from trc_pipelines.community.jobs import DAILY_STREAKS
from trc_pipelines.database.connection import Connection, Database
from trc_pipelines.database.migrations import migrate
from trc_pipelines.database.urls import libpq_url
from trc_pipelines.settings import PROJECT_ROOT, Settings
from trc_pipelines_tests import databases
from trc_pipelines_tests.catalogue import CHECKS, JOBS
from trc_pipelines_tests.database.plain_sql import read
from trc_pipelines_tests.database.pooler import PROGRAM, SESSIONS, count_lent, pool
from trc_pipelines_tests.databases import engine_of
from trc_pipelines_tests.scenarios.test_dry_runs import live_in_the_apps, upload_media
from trc_pipelines_tests.servers import create_database, drop_database
from trc_pipelines_tests.world import World

pytestmark = pytest.mark.either

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

SHOWN = "SELECT current_setting('lock_timeout')"
# The driver sets the time zone of the session whenever it binds an instant. Poolers give every client
# its own back, as what the server reports of itself.
LEFT_IN_A_SESSION = """\
SELECT concat_ws(
    ', ',
    (SELECT string_agg(name || '=' || setting, ', ') FROM pg_settings
        WHERE source = 'session' AND name NOT IN ('TimeZone', 'application_name')),
    (SELECT string_agg(relname, ', ') FROM pg_class WHERE relnamespace = pg_my_temp_schema()),
    (SELECT string_agg(name, ', ') FROM pg_prepared_statements),
    (SELECT 'a lock' FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory' LIMIT 1)
) AS found"""


@pytest.fixture
def guests(bare: str, settings: Settings, simulator) -> World:
    """The world of that login; what is direct is told apart by its URL."""
    direct = libpq_url(bare, keepalives="1")
    migrate(direct)
    database = Database(bare, 30, 5, direct_url=direct)
    home = settings.model_copy(update={"database_url": bare, "database_direct_url": direct})
    return World(database, home, simulator)


def run_everything(world: World) -> None:
    """The main flow: syncs, streaks, then every job with something to do in each app."""
    world.link({f"m{i}": 1000 + i for i in range(5)})
    for day in (12, 13):
        world.sync(MONDAY + day * DAY + 9 * HOUR, {1000 + i: 1000 + 300 * day for i in range(5)})
        world.run(DAILY_STREAKS, MONDAY + day * DAY + 10 * HOUR)
    live_in_the_apps(world, MONDAY + 14 * DAY)
    upload_media(world, MONDAY + 14 * DAY)
    for job in JOBS:
        if job.name != "leaderboard_cache":
            results = world.run(job, MONDAY + 14 * DAY + HOUR)
            assert all(result.success or result.skipped for result in results.values()), results
    with world.database.transaction(commit=False) as transaction:
        for check in CHECKS:
            assert check.find_violations(transaction).empty, check.name
    assert world.points()["m0"] == 3


def test_no_transaction_leaves_anything_in_its_session(
    guests: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settings, temporary tables, prepared statements, locks: after each transaction of every job."""
    left: set[str] = set()
    looked_at = 0
    transaction = Connection.transaction

    @contextmanager
    def look_after(connection: Connection, **asked: bool) -> Iterator:
        nonlocal looked_at
        with transaction(connection, **asked) as running:
            yield running
        if connection._database.url != guests.database.direct_url:
            row = connection.use(
                "look", lambda cursor: cursor.execute(LEFT_IN_A_SESSION).fetchone()
            )
            left.add(row[0])
            looked_at += 1

    monkeypatch.setattr(Connection, "transaction", look_after)
    run_everything(guests)
    assert looked_at > 50
    assert left == {""}


def test_between_transactions_nothing_is_open(guests: World) -> None:
    with guests.database.connect() as connection:
        with connection.transaction() as transaction:
            transaction.read_value("community/select_posting_cursor")
        assert read(
            guests.database.url,
            "SELECT DISTINCT state FROM pg_stat_activity "
            "WHERE datname = current_database() AND application_name = 'trc'",
        ) == ["idle"]


@pytest.mark.skipif(PROGRAM is None, reason="pgbouncer is not installed here")
def test_the_main_flow_runs_through_pgbouncer_as_a_login_that_owns_nothing(
    guests: World, bare: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pool(bare) as url:
        # What the test itself looks at and changes it does past the pool, and discards nothing in it.
        monkeypatch.setitem(databases._engines, url, engine_of(bare))
        # A stranger leaves settings in every session there is; none of them reaches us.
        for cursor in all_sessions(url):
            cursor.execute("SELECT set_config('lock_timeout', '1', FALSE)")
        database = Database(url, 30, 5, direct_url=guests.database.direct_url)
        run_everything(World(database, guests.settings, guests.simulator))
        with database.connect() as connection, connection.transaction():
            shown = connection.use("ask", lambda c: c.execute(SHOWN).fetchone())
        assert shown == ("5s",)
        # And none of ours reaches the stranger.
        sessions = 0
        for cursor in all_sessions(url):
            cursor.execute(LEFT_IN_A_SESSION)
            assert cursor.fetchone() == ("lock_timeout=1",)
            sessions += 1
        assert sessions == SESSIONS
        # Three sessions were lent to all of it.
        assert count_lent(url, str(make_url(bare).database)) > 50


@pytest.mark.skipif(PROGRAM is None, reason="pgbouncer is not installed here")
def test_dagster_keeps_its_runs_through_pgbouncer_and_leaves_nothing(
    servers: dict[int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = create_database(servers[18], "template1")

    @dg.op
    def greet(context: dg.OpExecutionContext) -> None:
        context.log.info("hello")

    with pool(plain) as url:
        monkeypatch.setenv(
            "DAGSTER_POSTGRES_URL",
            make_url(url).set(drivername="postgresql+psycopg2").render_as_string(False),
        )
        config = yaml.safe_load((PROJECT_ROOT / "dagster.yaml").read_text())
        with dg.instance_for_test(overrides={"storage": config["storage"]}) as instance:
            done = dg.GraphDefinition("greeting", node_defs=[greet]).execute_in_process(
                instance=instance
            )
            assert done.success
            assert instance.get_run_by_id(done.run_id).is_success
            instance.event_log_storage.set_concurrency_slots("community", 1)
        for cursor in all_sessions(url):
            cursor.execute(LEFT_IN_A_SESSION)
            assert cursor.fetchone() == ("",)
        assert count_lent(url, str(make_url(plain).database)) > 100
    drop_database(plain)


def all_sessions(url: str) -> Iterator[psycopg2.extensions.cursor]:
    """A cursor in each session of the pool: all are held until the last was used."""
    with ExitStack() as opened:
        for _ in range(SESSIONS):
            connection = opened.enter_context(closing(psycopg2.connect(url)))
            yield connection.cursor()
            opened.callback(connection.commit)
