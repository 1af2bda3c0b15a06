"""Views over an app's tables, in place of tables that were made for it, whoever owns what."""

import pandas as pd
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from trc_pipelines.database import migrations
from trc_pipelines.database.adapters import find_adapter
from trc_pipelines.database.connection import Database, DatabaseError
from trc_pipelines.database.migrations import (
    MigrationError,
    _migrating,
    _rebuilding,
    detach,
    migrate,
    run_script,
)
from trc_pipelines.database.rights import find_missing_rights
from trc_pipelines.settings import KNOWN_DOMAINS
from trc_pipelines_tests.database.plain_sql import read, run_sql

pytestmark = pytest.mark.either

USERS = """
CREATE TYPE app.plan AS ENUM ('none', 'active');
CREATE TABLE app.users (id text PRIMARY KEY, discord text, nick text, plan app.plan);
INSERT INTO app.users VALUES ('u1', '1001', 'Ann', 'active');
"""
MEMBERS = """
CREATE VIEW community.members AS
SELECT
    u.id COLLATE "C" AS member_id, u.discord::bigint AS discord_id, u.nick AS discord_username,
    upper(u.plan::text) AS subscription_status, TRUE AS leaderboard_visible, now() AS created_at
FROM app.users AS u;
"""
STREAKS = "SELECT member_id, discord_username FROM community.current_streaks"
BUILT_ON_IT = """
SELECT c.relname, d.objsubid, d.description, c.relacl::text, pg_get_userbyid(c.relowner)
FROM pg_class AS c LEFT JOIN pg_description AS d ON c.oid = d.objoid
WHERE c.oid IN ('community.current_streaks'::regclass, 'community.current_leaderboards'::regclass)
ORDER BY 1, 2"""


def replace_app_relations(url: str, relations: list[str], sql: str) -> None:
    """As the command does with an adapter's views."""
    with _migrating(url) as connection:
        with _rebuilding(connection, relations):
            connection.exec_driver_sql(sql, execution_options={"no_parameters": True})
        run_script(connection, "database/transfer_ownership")


def role(name: str) -> str:
    return (
        f"DO $$ BEGIN CREATE ROLE {name} LOGIN; EXCEPTION WHEN duplicate_object OR unique_violation "
        "THEN NULL; END $$;"
    )


def as_user(url: str, name: str) -> str:
    return make_url(url).set(username=name).render_as_string(hide_password=False)


@pytest.fixture
def admin(bare: str, database_url: str) -> str:
    """The administrator of the server on which an app has tables of its own, which no login may read."""
    admin = make_url(database_url).set(database=make_url(bare).database)
    url = admin.render_as_string(hide_password=False)
    run_sql(
        url,
        role("test_app")
        + role("test_analyst")
        + "GRANT trc_analyst TO test_analyst; CREATE SCHEMA app AUTHORIZATION test_app; "
        + "SET LOCAL ROLE test_app;"
        + USERS,
    )
    return url


def test_a_view_replaces_a_table_that_was_made_for_an_app(admin: str, bare: str) -> None:
    migrate(bare)
    run_sql(bare, "GRANT SELECT ON community.current_streaks TO test_app")
    run_sql(
        admin, "GRANT USAGE ON SCHEMA app TO test_guest; GRANT SELECT ON app.users TO test_guest"
    )
    before = read(admin, BUILT_ON_IT)
    for _ in range(2):  # a view is replaced by another as a table is by a view
        replace_app_relations(bare, ["community.members"], MEMBERS)
        assert read(as_user(bare, "test_analyst"), STREAKS) == [("u1", "Ann")]
        assert read(admin, BUILT_ON_IT) == before
    assert migrate(bare) == []


@pytest.mark.parametrize(
    ("spoil", "sql", "words"),
    [
        (
            "INSERT INTO community.members (member_id) VALUES ('m1'), ('m2')",
            MEMBERS,
            r"table community.members has rows \(2\)",
        ),
        (
            "CREATE VIEW public.theirs AS SELECT member_id FROM community.members",
            MEMBERS,
            "theirs is built on what is to be replaced, and is not ours",
        ),
        (
            "SELECT 1",
            "CREATE VIEW community.members AS SELECT id AS member_id FROM app.users",
            r"column m\.(discord_username|leaderboard_visible) does not exist",
        ),
        ("SELECT 1", "SELECT 1", "community.members. does not exist"),
    ],
    ids=["rows", "a view of theirs", "a column that is missing", "nothing made"],
)
def test_what_cannot_be_replaced_is_said_and_stays(
    admin: str, bare: str, spoil: str, sql: str, words: str
) -> None:
    migrate(bare)
    run_sql(
        admin, "GRANT USAGE ON SCHEMA app TO test_guest; GRANT SELECT ON app.users TO test_guest"
    )
    run_sql(admin, spoil)
    before = read(admin, BUILT_ON_IT)
    with pytest.raises(MigrationError, match=words):
        replace_app_relations(bare, ["community.members"], sql)
    assert read(
        admin, "SELECT relkind FROM pg_class WHERE oid = 'community.members'::regclass"
    ) == ["r"]
    assert read(admin, BUILT_ON_IT) == before


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrations, "PATIENCE_SECONDS", 1.0)


# A relation is replaced by what it is.
AGAIN = "CREATE TABLE community.members (LIKE operations.as_it_was INCLUDING ALL)"
KEPT = "CREATE TABLE operations.as_it_was (LIKE community.members INCLUDING ALL)"


def test_nothing_is_replaced_under_running_jobs(bare: str, impatient: None) -> None:
    """While a step writes or prepares, between two steps of a job, and while somebody writes there."""
    migrate(bare)
    run_sql(bare, KEPT)

    def try_it(words: str) -> None:
        with pytest.raises(MigrationError, match=words):
            replace_app_relations(bare, ["community.members"], AGAIN)

    with Database(bare).connect() as connection:
        with connection.transaction(commit=False) as transaction:
            transaction.append("community.members", pd.DataFrame({"member_id": ["ann"]}))
            try_it("lock timeout")
        for lock in ("jobs/lock_step", "jobs/lock_session"):  # the last is held by the session
            with connection.transaction(commit=False) as transaction:
                transaction.execute(lock, table="community.point_ledger")
                try_it(r"of community are running \(community.point_ledger\); waited 1 s")
    run_sql(
        bare,
        "INSERT INTO operations.job_executions "
        "(job_name, run_id, as_of, state, success, message, affected_count, duration_ms, details, "
        "executed_by, executed_at) SELECT n.name, 'r1', now(), 'running', FALSE, '', 0, 0, "
        "jsonb_build_object(n.wrote, '{}'::jsonb), 'test', n.at FROM (VALUES "
        "('mee6_sync', 'community.xp_deltas', now()), ('other', 'quiz.lives', now()), "
        "('died', 'community.xp_deltas', now() - interval '1 day')) AS n (name, wrote, at)",
    )
    try_it(r"the jobs of community are running \(mee6_sync\)")
    run_sql(bare, "UPDATE operations.job_executions SET state = 'failed'")
    replace_app_relations(bare, ["community.members"], AGAIN)


def test_a_step_waits_while_relations_are_replaced(bare: str) -> None:
    migrate(bare)
    run_sql(bare, KEPT)
    impatient = Database(bare, lock_timeout_seconds=0.5)
    with _migrating(bare) as migrating, _rebuilding(migrating, ["community.members"]):
        with pytest.raises(DatabaseError) as refused, impatient.transaction() as transaction:
            transaction.execute("jobs/lock_step", table="community.point_ledger")
        assert refused.value.sqlstate == "55P03"
        migrating.exec_driver_sql(AGAIN)


def test_only_what_is_attached_is_detached(bare: str) -> None:
    migrate(bare)
    quizz = find_adapter("quizz-app")
    with pytest.raises(MigrationError, match="quiz is attached to no app, not to quizz-app"):
        detach(bare, quizz)
    run_sql(
        bare,
        "INSERT INTO operations.adapters (domain, adapter, sha256) VALUES ('quiz', 'snapbet', 'x')",
    )
    with pytest.raises(MigrationError, match="not to quizz-app: nothing was detached"):
        detach(bare, quizz)
    assert read(bare, "SELECT adapter FROM operations.adapters") == ["snapbet"]


def test_only_relations_of_an_app_are_replaced(bare: str) -> None:
    migrate(bare)
    with pytest.raises(MigrationError, match="point_ledger is no relation of an app"):
        replace_app_relations(bare, ["community.point_ledger"], "SELECT 1")


def test_views_of_another_owner_are_read_once_what_is_missing_is_granted(
    admin: str, bare: str
) -> None:
    """The app's owner makes the view, and keeps it."""
    migrate(bare)
    run_sql(admin, "GRANT USAGE, CREATE ON SCHEMA community TO test_app")
    made_by_app = f"SET LOCAL ROLE test_app; {MEMBERS} RESET ROLE"
    replace_app_relations(admin, ["community.members"], made_by_app)
    look = [Database(bare), KNOWN_DOMAINS, ["community.members"]]
    missing = find_missing_rights(*look)
    assert sorted(right.what for right in missing) == [
        "test_guest may not read community.members",
        "trc_owner may not read community.members",
    ]
    for right in missing:
        run_sql(as_user(bare, "test_app"), right.remedy)
    assert find_missing_rights(*look) == []
    assert read(as_user(bare, "test_analyst"), STREAKS) == [("u1", "Ann")]


def test_what_a_view_of_ours_may_not_read_is_found_down_to_the_table(admin: str, bare: str) -> None:
    """Its maker lost the right to what it reads."""
    migrate(bare)
    run_sql(
        admin, "GRANT USAGE ON SCHEMA app TO test_guest; GRANT SELECT ON app.users TO test_guest"
    )
    replace_app_relations(bare, ["community.members"], MEMBERS)
    run_sql(admin, "REVOKE SELECT ON app.users FROM test_guest")
    [right] = find_missing_rights(Database(bare), KNOWN_DOMAINS, ["community.members"])
    assert right.what == "test_guest may not read app.users"
    assert right.remedy == "GRANT SELECT ON app.users TO test_guest"


def test_an_enum_of_the_app_is_written_with_a_cast_in_the_statement_or_of_the_type(
    admin: str, bare: str
) -> None:
    """As the operators' guide says."""
    run_sql(
        admin,
        "GRANT USAGE ON SCHEMA app TO test_guest; GRANT SELECT, UPDATE ON app.users TO test_guest",
    )
    write = "UPDATE app.users AS u SET plan = s.plan{} FROM (SELECT 'none'::text AS plan) AS s"
    run_sql(bare, write.format("::app.plan"))
    with pytest.raises(sa.exc.ProgrammingError, match="but expression is of type text"):
        run_sql(bare, write.format(""))
    run_sql(as_user(bare, "test_app"), "CREATE CAST (text AS app.plan) WITH INOUT AS ASSIGNMENT")
    run_sql(bare, write.format(""))
    assert read(admin, "SELECT plan::text FROM app.users") == ["none"]
