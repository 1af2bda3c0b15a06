"""The schema: applied whole, once, in order, and never behind somebody's back."""

import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory

from trc_pipelines.database import migrations
from trc_pipelines.database.connection import Database
from trc_pipelines.database.migrations import MigrationError, ensure_database, migrate
from trc_pipelines.settings import KNOWN_DOMAINS as DOMAINS
from trc_pipelines_tests.database.plain_sql import read, run_sql
from trc_pipelines_tests.servers import create_database, with_database

ALL = sorted(path.stem for path in migrations._FOLDER.glob("*.sql"))
SHARED = [name for name in ALL if name.split("_")[1] in migrations.SHARED]
SCHEMAS = "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_|^public$|^information_schema$' ORDER BY 1"


@pytest.fixture(params=[18, 16])
def empty_url(request: pytest.FixtureRequest, servers: dict[int, str]) -> str:
    """A database with nothing in it."""
    return create_database(servers[request.param], template="template1")


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
    run_sql(database_url, "UPDATE operations.migrations SET sha256 = 'x' WHERE name LIKE '0003%%'")
    with pytest.raises(MigrationError, match=r"0003_community\.sql was edited"):
        migrate(database_url)


def test_a_database_of_a_later_version_is_refused(database_url: str) -> None:
    run_sql(database_url, "INSERT INTO operations.migrations VALUES ('0999_quiz_x', 'quiz', 'x')")
    with pytest.raises(MigrationError, match="0999_quiz_x, which is not in sql/migrations"):
        migrate(database_url)


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_domain_is_installed_without_the_others_which_may_come_later(
    empty_url: str, domain: str
) -> None:
    files = [name for name in ALL if name.split("_")[1] == domain]
    assert files
    assert migrate(empty_url, [domain]) == sorted(SHARED + files)
    assert migrations.pending_migrations(empty_url, [domain]) == []
    others = [name for name in ALL if name not in SHARED + files]
    assert migrations.pending_migrations(empty_url) == others
    assert read(empty_url, SCHEMAS) == sorted(["leaderboards", "operations", "reports", domain])
    assert migrate(empty_url, [domain]) == []
    assert migrate(empty_url) == others
    assert read(empty_url, SCHEMAS) == sorted(["leaderboards", "operations", "reports", *DOMAINS])


def test_a_schema_with_the_name_of_a_domain_that_is_not_installed_is_left_alone(
    empty_url: str,
) -> None:
    run_sql(empty_url, "CREATE SCHEMA betting; CREATE TABLE betting.theirs (x int)")
    migrate(empty_url, ["quiz"])
    theirs = "SELECT relacl::text, relowner = 'trc_owner'::regrole FROM pg_class WHERE relname = 'theirs'"
    assert read(empty_url, theirs) == [(None, False)]


def test_the_tables_of_migrations_are_in_a_schema_of_ours(database_url: str) -> None:
    in_public = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
    assert read(database_url, in_public) == []


def test_every_file_is_a_revision_in_the_branch_of_its_schema() -> None:
    script = ScriptDirectory(migrations._SCRIPTS)
    revisions = {revision.revision: revision for revision in script.walk_revisions()}
    assert sorted(revisions) == ALL == sorted(path.stem for path in migrations._FOLDER.glob("*"))
    for name, revision in revisions.items():
        assert revision.branch_labels == {name.split("_")[1]}
        assert Path(revision.path).stem == name
    assert len(script.get_heads()) == len({name.split("_")[1] for name in ALL})


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
    with pytest.raises(
        MigrationError, match=r"none in place of community\.point_actions, community"
    ):
        migrate(
            empty_url
        )  # an empty table in place of a forgotten view would be no error of any job
    run_sql(
        empty_url,
        """
        CREATE VIEW community.point_actions AS SELECT '' AS action, 0::bigint AS points, true AS enabled;
        CREATE VIEW community.point_transactions AS
        SELECT id AS transaction_id, id AS member_id, id AS action, 0::bigint AS points,
               now() AS created_at, '{}'::jsonb AS metadata
        FROM public.users;
        """,
    )
    assert migrate(empty_url) == ALL
    with Database(empty_url).transaction() as transaction:
        accounts = transaction.read("community/select_linked_accounts")
    assert accounts["discord_id"].tolist() == [1001]


def test_a_server_that_does_not_answer_is_one_clear_line() -> None:
    with pytest.raises(MigrationError, match="did not answer"):
        ensure_database("postgresql://nobody@127.0.0.1:1/trc")


def test_a_missing_database_is_created(servers: dict[int, str]) -> None:
    url = with_database(servers[18], 'odd "name"')
    ensure_database(url)
    ensure_database(url)
    engine = migrations.create_engine(url)
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT 1")).scalar() == 1
    engine.dispose()
