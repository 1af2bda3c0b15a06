"""Who may do what, and that nobody may change the ledger."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta

import psycopg2
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from trc_pipelines.community.jobs import DAILY_STREAKS
from trc_pipelines.database.connection import Database
from trc_pipelines.database.migrations import SHARED
from trc_pipelines.settings import KNOWN_DOMAINS
from trc_pipelines_tests.catalogue import (
    CHECKS,
    LEADERBOARD_RECALCULATION,
    LEADERBOARD_WEEKLY_RESET,
)
from trc_pipelines_tests.databases import engine_of
from trc_pipelines_tests.faults.append_only import APPEND_ONLY, CHANGES
from trc_pipelines_tests.faults.grants import (
    DENIED,
    GRANTS,
    IMPOSSIBLE,
    NOBODYS,
    OWNERS,
    THINGS,
    TRIED,
    TRY_EACH,
    Right,
    is_accepted,
)
from trc_pipelines_tests.house import wait_until
from trc_pipelines_tests.world import NOON, QUARTER, World

Login = Callable[[str], psycopg2.extensions.connection]
ROLES = ["trc_owner", "trc_app", "trc_analyst"]


@pytest.fixture
def login(world: World) -> Login:
    """A connection of somebody who is a member of one role and nothing else."""
    world.execute(
        "".join(
            f"DO $$ BEGIN CREATE ROLE test_{role} LOGIN IN ROLE {role}; "
            "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;"
            for role in ROLES
        )
    )

    def connect(role: str) -> psycopg2.extensions.connection:
        return psycopg2.connect(url_of(world, role))

    return connect


def url_of(world: World, role: str) -> str:
    url = make_url(world.database.url).set(drivername="postgresql", username=f"test_{role}")
    return url.render_as_string(hide_password=False)


@pytest.fixture
def lived_in(world: World) -> World:
    world.link({"ann": 1001})
    world.sync(NOON, {1001: 1000})
    world.sync(NOON + QUARTER, {1001: 1250})
    world.sync(NOON + timedelta(days=7))
    world.run(LEADERBOARD_WEEKLY_RESET, NOON + timedelta(days=7))
    return world


@pytest.mark.parametrize("role", ROLES)
def test_no_role_can_change_or_remove_what_is_append_only(
    lived_in: World, login: Login, role: str
) -> None:
    connection = login(role)
    refusal = "its rows are kept as they are" if role == "trc_owner" else "permission denied"
    for table, column in APPEND_ONLY.items():
        for change in CHANGES:
            with connection.cursor() as cursor, pytest.raises(psycopg2.Error, match=refusal):
                cursor.execute(change.format(table=table, column=column))
            connection.rollback()


@pytest.fixture
def superuser(database_url: str) -> Iterator[sa.Connection]:
    """A transaction that is rolled back: what is granted in it, nobody else sees."""
    with engine_of(database_url).connect() as connection:
        yield connection.execution_options(no_parameters=True)
        connection.rollback()


def find_grants(connection: sa.Connection) -> set[Right]:
    return {Right(*row) for row in connection.exec_driver_sql(GRANTS)}


def test_nobody_was_given_more_than_the_table_says_and_nobody_less(
    superuser: sa.Connection,
) -> None:
    granted = find_grants(superuser)
    assert {right for right in granted if not is_accepted(right)} == set()
    things = superuser.exec_driver_sql(THINGS).all()
    assert len(things) > 150
    accepted = {
        right
        for kind, name, _ in things
        for role in ROLES
        for privilege in ["USAGE", *TRIED[kind]]
        if is_accepted(right := Right(role, kind, name, privilege))
    }
    assert accepted - granted == set()
    assert {owner for *_, owner in superuser.exec_driver_sql(OWNERS)} == {"trc_owner"}


def test_our_roles_are_nobody_else_and_may_do_nothing_by_what_they_are(
    superuser: sa.Connection,
) -> None:
    attributes = superuser.exec_driver_sql(
        "SELECT rolname FROM pg_roles WHERE rolname IN ('trc_owner', 'trc_app', 'trc_analyst') AND "
        "(rolsuper OR rolcreaterole OR rolcreatedb OR rolcanlogin OR rolreplication OR rolbypassrls)"
    )
    assert attributes.all() == []
    memberships = superuser.exec_driver_sql(
        "SELECT member::regrole::text, roleid::regrole::text FROM pg_auth_members "
        "WHERE member::regrole::text IN ('trc_owner', 'trc_app', 'trc_analyst')"
    )
    assert memberships.all() == [("trc_owner", "pg_read_all_stats")]


def test_a_function_that_runs_as_its_owner_looks_nowhere_else(superuser: sa.Connection) -> None:
    """Where the caller's path is searched, a table of the caller's is taken for another."""
    found = superuser.exec_driver_sql(
        "SELECT p.oid::regprocedure::text FROM pg_proc AS p "
        "WHERE p.pronamespace::regnamespace::text IN (SELECT schema_name FROM operations.migrations) "
        "AND p.prosecdef AND p.proconfig IS DISTINCT FROM ARRAY['search_path=pg_catalog']"
    )
    assert found.all() == []


@pytest.mark.either
@pytest.mark.parametrize(
    "planted",
    [
        "GRANT INSERT ON community.point_ledger TO trc_app",
        "GRANT UPDATE (points) ON community.point_ledger TO trc_analyst",
        "GRANT SELECT ON community.point_ledger TO PUBLIC",
        "GRANT SELECT ON quiz.lives TO trc_analyst WITH GRANT OPTION",
        "GRANT TRUNCATE ON quiz.lives TO trc_app",
        "GRANT USAGE ON SEQUENCE community.point_ledger_entry_id_seq TO trc_app",
        "GRANT EXECUTE ON FUNCTION operations.transfer_ownership() TO PUBLIC",
        "GRANT CREATE ON SCHEMA betting TO trc_app",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA quiz GRANT DELETE ON TABLES TO trc_app",
        "CREATE ROLE somebody; GRANT SELECT ON quiz.lives TO somebody",
        # What is made after a migration has none of its own rights: a function is everybody's.
        "CREATE FUNCTION quiz.forgotten() RETURNS void LANGUAGE sql AS ''",
        "CREATE TABLE quiz.forgotten (x int); GRANT INSERT ON quiz.forgotten TO trc_app",
        "CREATE VIEW quiz.forgotten AS SELECT * FROM quiz.lives; GRANT UPDATE ON quiz.forgotten TO trc_app",
    ],
)
def test_a_grant_that_was_added_by_hand_is_found(superuser: sa.Connection, planted: str) -> None:
    superuser.exec_driver_sql(planted)
    assert [right for right in find_grants(superuser) if not is_accepted(right)]


def try_everything(connection: sa.Connection, role: str) -> dict[tuple[str, str, str], str]:
    """How each attempt ended, by what was tried: as somebody who is a member of the role alone."""
    attempts = {
        (kind, name, privilege): statement.format(name, detail)
        for kind, name, detail in connection.exec_driver_sql(THINGS)
        for privilege, statement in TRIED[kind].items()
    } | {("server", statement, ""): statement for statement in NOBODYS}
    connection.execute(
        sa.text("SELECT set_config('trc.attempts', :attempts, TRUE)"),
        {"attempts": json.dumps(list(attempts.values()))},
    )
    connection.exec_driver_sql(f"SET LOCAL SESSION AUTHORIZATION test_{role}")
    connection.exec_driver_sql(TRY_EACH)
    connection.exec_driver_sql("RESET SESSION AUTHORIZATION")
    outcomes = connection.exec_driver_sql("SELECT current_setting('trc.outcomes')::jsonb").scalar()
    return dict(zip(attempts, outcomes, strict=True))


def find_successes(connection: sa.Connection, role: str) -> tuple[set[Right], set[Right]]:
    """What a role could do without being given it, and what it was given and could not do."""
    by_owner = try_everything(connection, "trc_owner")
    too_much, too_little = set(), set()
    for what, outcome in try_everything(connection, role).items():
        right = Right(role, *what)
        if is_accepted(right):
            too_little |= {right} if outcome == DENIED else set()
        elif outcome != DENIED and by_owner[what] not in IMPOSSIBLE:
            too_much.add(right)
    return too_much, too_little


def test_the_owner_can_do_all_that_is_tried_and_nothing_to_the_server(
    superuser: sa.Connection, login: Login
) -> None:
    """So that what is denied to others is denied for want of a right, and not by a wrong statement."""
    denied = {what for what, how in try_everything(superuser, "trc_owner").items() if how == DENIED}
    assert denied == {("server", statement, "") for statement in NOBODYS}


@pytest.mark.parametrize("role", ["trc_app", "trc_analyst"])
def test_a_role_tries_everything_and_is_denied_what_it_was_not_given(
    superuser: sa.Connection, login: Login, role: str
) -> None:
    assert find_successes(superuser, role) == (set(), set())


@pytest.mark.either
@pytest.mark.parametrize(
    ("planted", "found"),
    [
        ("GRANT INSERT ON community.point_ledger TO trc_app", "community.point_ledger"),
        ("GRANT pg_write_all_data TO trc_app", "operations.incidents"),
        (
            "CREATE TABLE quiz.forgotten (x int); ALTER TABLE quiz.forgotten OWNER TO trc_owner; "
            "GRANT DELETE ON quiz.forgotten TO trc_app",
            "quiz.forgotten",
        ),
        ("GRANT SET ON PARAMETER session_replication_role TO trc_app", NOBODYS[1]),
    ],
)
def test_what_a_role_could_do_after_all_is_found(
    superuser: sa.Connection, login: Login, planted: str, found: str
) -> None:
    superuser.exec_driver_sql(planted)
    too_much, _ = find_successes(superuser, "trc_app")
    assert found in {right.name for right in too_much}


def test_the_app_writes_its_tables_and_follows_events(lived_in: World, login: Login) -> None:
    app = login("trc_app")
    with app, app.cursor() as cursor:
        cursor.execute("INSERT INTO community.members (member_id) VALUES ('zoe')")
        cursor.execute(
            "INSERT INTO community.point_transactions (member_id, action, points) "
            "VALUES ('zoe', 'intro_completed', 25)"
        )
        taken: list[tuple] = []

        def have_come() -> bool:
            cursor.execute("SELECT event_type FROM operations.take_domain_events('web')")
            taken.extend(cursor.fetchall())
            return bool(taken)

        # Not before every older transaction of the server has ended, and others have theirs there.
        wait_until(have_come)
        assert taken == [("LeaderboardReset",)]
    analyst = login("trc_analyst")
    with analyst.cursor() as cursor, pytest.raises(psycopg2.Error, match="permission denied"):
        cursor.execute("SELECT * FROM operations.take_domain_events('me')")


def test_the_whole_pipeline_runs_as_a_member_of_the_owner(world: World, login: Login) -> None:
    """No superuser: partitions, triggers, staging and all."""
    login("trc_owner").close()
    world.link({"ann": 1001, "bob": 1002})
    owner = World(Database(url_of(world, "trc_owner"), 30, 5), world.settings, world.simulator)
    for day in range(8):
        results = owner.sync(
            NOON + timedelta(days=day), {1001: 1000 + 150 * day, 1002: 1000 + 90 * day}
        )
        assert all(result.success for result in results.values())
        owner.run(DAILY_STREAKS, NOON + timedelta(days=day))
    owner.run(LEADERBOARD_RECALCULATION, NOON + timedelta(days=7))
    assert (
        owner.run(LEADERBOARD_WEEKLY_RESET, NOON + timedelta(days=7))[
            "community.leaderboard_archive"
        ].affected
        == 1
    )
    with owner.database.transaction() as transaction:
        for check in CHECKS:
            assert check.find_violations(transaction).empty, check.name
    foreign = world.query(
        "SELECT c.relname FROM pg_class AS c INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid "
        f"WHERE n.nspname IN {(*SHARED, *KNOWN_DOMAINS)} "
        "AND c.relkind IN ('r', 'p', 'v', 'm') AND pg_get_userbyid(c.relowner) <> 'trc_owner'"
    )
    assert foreign.empty
