"""The schema: applied whole, once, in order, and never behind somebody's back."""

import threading

import pytest
import sqlalchemy as sa

from trc_pipelines.database import migrations
from trc_pipelines.database.connection import Database
from trc_pipelines.database.migrations import MigrationError, ensure_database, migrate
from trc_pipelines_tests.servers import create_database, with_database

ALL = [
    "0001_operations",
    "0002_community",
    "0003_leaderboards",
    "0004_operations",
    "0005_reviews",
    "0006_ledger_batches",
    "0007_roles",
    "0008_quiz",
    "0009_betting",
    "0010_monitoring",
    "0011_event_epoch",
    "0012_community",
    "0013_readings",
    "0014_bankrolls",
    "0015_weeks",
]


@pytest.fixture(params=[18, 16])
def empty_url(request: pytest.FixtureRequest, servers: dict[int, str]) -> str:
    """A database with nothing in it."""
    return create_database(servers[request.param], template="template1")


def run_sql(url: str, sql: str) -> None:
    engine = migrations.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql(sql)
    engine.dispose()


def test_a_new_database_gets_everything_and_a_second_time_nothing(empty_url: str) -> None:
    assert migrations.pending_migrations(empty_url) == ALL
    assert migrate(empty_url) == ALL
    assert migrate(empty_url) == []
    assert migrations.pending_migrations(empty_url) == []


def test_two_migrators_at_once_take_turns(empty_url: str) -> None:
    applied: list[list[str]] = []
    threads = [
        threading.Thread(target=lambda: applied.append(migrate(empty_url))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(applied) == [[], ALL]


def test_a_file_that_was_edited_afterwards_is_refused(database_url: str) -> None:
    run_sql(database_url, "UPDATE operations.migrations SET sha256 = 'x' WHERE name LIKE '0002%%'")
    with pytest.raises(MigrationError, match=r"0002_community\.sql was edited"):
        migrate(database_url)


def test_a_failing_statement_rolls_everything_back(empty_url: str) -> None:
    run_sql(empty_url, "CREATE SCHEMA community; CREATE TABLE community.mee6_syncs (x int)")
    with pytest.raises(MigrationError, match="mee6_syncs"):
        migrate(empty_url)
    assert migrations.pending_migrations(empty_url) == ALL


def test_tables_of_the_app_may_be_views(empty_url: str) -> None:
    run_sql(
        empty_url,
        """
        CREATE TABLE public.users (id text, discord text, plan text, shown boolean);
        INSERT INTO public.users VALUES ('u1', '1001', 'active', true);
        CREATE SCHEMA community;
        CREATE VIEW community.members AS
        SELECT id COLLATE "C" AS member_id, discord::bigint AS discord_id,
               id AS discord_username, upper(plan) AS subscription_status,
               shown AS leaderboard_visible, now() AS created_at
        FROM public.users;
        """,
    )
    assert migrate(empty_url) == ALL
    with Database(empty_url).transaction() as transaction:
        accounts = transaction.read("community/select_linked_accounts")
    assert accounts["discord_id"].tolist() == [1001]


def test_a_server_that_does_not_answer_is_one_clear_line() -> None:
    with pytest.raises(MigrationError, match="cannot be created"):
        ensure_database("postgresql://nobody@127.0.0.1:1/trc")


def test_a_missing_database_is_created(servers: dict[int, str]) -> None:
    url = with_database(servers[18], 'odd "name"')
    ensure_database(url)
    ensure_database(url)
    engine = migrations.create_engine(url)
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT 1")).scalar() == 1
    engine.dispose()
