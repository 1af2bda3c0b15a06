"""A database is lent again only while nothing tells it from a new one."""

from collections.abc import Iterator

import psycopg2
import pytest
from sqlalchemy.engine import make_url

from trc_pipelines.demo.simulator import Simulator
from trc_pipelines.settings import load_settings
from trc_pipelines_tests import databases
from trc_pipelines_tests.databases import PooledDatabase, Reused, remove_database
from trc_pipelines_tests.servers import POSTGRES_VERSIONS, create_database
from trc_pipelines_tests.world import NOON, World, board

KEPT = "community.point_ledger", "community.xp_deltas", "community.mee6_syncs"


@pytest.fixture(params=POSTGRES_VERSIONS)
def reused(request: pytest.FixtureRequest, servers: dict[int, str]) -> Iterator[Reused]:
    lent = Reused(create_database(servers[request.param]))
    yield lent
    remove_database(lent.url)


@pytest.fixture
def borrower(reused: Reused) -> Iterator[World]:
    with Simulator(board({})) as simulator:
        settings = load_settings(
            database_url=reused.url,
            mee6_guild_id=simulator.guild_id,
            mee6_base_url=simulator.base_url,
        )
        yield World(PooledDatabase(reused.url, 30, 5), settings, simulator)


def live(world: World) -> int:
    """Rows in append-only tables too; the number of the last event."""
    world.link({"ann": 1001})
    world.sync(NOON, {1001: 1000})
    assert all(world.query(f"SELECT count(*) AS n FROM {name}")["n"][0] for name in KEPT[1:])
    return int(world.query("SELECT max(execution_id) AS n FROM operations.job_executions")["n"][0])


def test_rows_are_gone_guards_stand_and_numbers_begin_anew(reused: Reused, borrower: World) -> None:
    guards = "SELECT tgname, tgenabled FROM pg_trigger ORDER BY 1"
    before = borrower.query(guards)
    number = live(borrower)
    for _ in range(2):
        assert reused.is_as_new()
        for name in KEPT:
            assert borrower.query(f"SELECT * FROM {name}").empty
        assert borrower.query(guards).equals(before)
        assert len(borrower.query("SELECT * FROM betting.badges"))
        assert live(borrower) == number


@pytest.mark.parametrize(
    "change",
    [
        "CREATE TABLE betting.extra (id int)",
        "CREATE SCHEMA extra",
        "ALTER TABLE community.mee6_leaderboard_snapshot ADD COLUMN extra int",
        "GRANT SELECT ON community.mee6_leaderboard_snapshot TO PUBLIC",
        "CREATE INDEX extra ON community.mee6_leaderboard_snapshot (discord_id)",
        "ALTER TABLE community.days ADD COLUMN extra int",
        "ALTER TABLE community.days ALTER COLUMN day SET STATISTICS 7",
        "ALTER TABLE betting.bets DROP CONSTRAINT bets_pkey CASCADE",
        "ALTER TABLE community.point_ledger DISABLE TRIGGER ALL",
        "DROP FUNCTION operations.refuse_update() CASCADE",
        "CREATE FUNCTION public.extra() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE TYPE public.extra AS ENUM ('a')",
        "CREATE VIEW public.extra AS SELECT 1 AS one",
        "GRANT SELECT ON betting.bets TO PUBLIC",
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC",
        "UPDATE community.point_actions SET points = points + 1",
        "DELETE FROM betting.badges",
        "INSERT INTO operations.app_relations (schema_name, relation_name) VALUES ('a', 'b')",
        "ALTER SEQUENCE operations.incidents_incident_id_seq INCREMENT 7",
        "ANALYZE betting.badges",
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem = 64', current_database()); END $$",
        "DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO PUBLIC', current_database()); END $$",
    ],
)
def test_a_database_that_became_another_is_not_lent_again(
    reused: Reused, borrower: World, change: str
) -> None:
    assert reused.is_as_new()
    borrower.execute(change)
    assert not reused.is_as_new()


def test_a_database_where_somebody_still_is_is_not_lent_again(
    reused: Reused, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(databases, "SESSION_END_SECONDS", 0.1)
    url = make_url(reused.url).set(drivername="postgresql").render_as_string(hide_password=False)
    somebody = psycopg2.connect(url)
    assert not reused.is_as_new()
    somebody.close()


def test_a_database_with_one_of_dagster_beside_it_is_not_lent_again(
    reused: Reused, servers: dict[int, str]
) -> None:
    url = make_url(reused.url)
    server = next(each for each in servers.values() if make_url(each).query == url.query)
    beside = create_database(server, "template1", f"{url.database}_dagster")
    assert not reused.is_as_new()
    remove_database(beside)


def test_who_is_lent_a_connection_has_nothing_of_who_had_it_before(borrower: World) -> None:
    borrower.execute("SET search_path = betting; CREATE TEMPORARY TABLE left_behind (id int)")
    assert borrower.query("SHOW search_path")["search_path"][0] == '"$user", public'
    assert borrower.query("SELECT to_regclass('left_behind') AS t")["t"][0] is None
    with borrower.database.connect() as connection, connection.transaction() as transaction:
        transaction.stage("left_behind", borrower.query("SELECT 1 AS id"))
    with borrower.database.connect() as again:
        assert again is connection
    idle = borrower.query(
        "SELECT 1 FROM pg_stat_activity WHERE state ~ '^idle in' AND datname = current_database()"
    )
    assert idle.empty
    assert borrower.query("SELECT 1 FROM pg_class WHERE relname = 'left_behind'").empty
