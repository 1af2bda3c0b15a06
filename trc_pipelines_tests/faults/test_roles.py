"""Who may do what, and that nobody may change the ledger."""

from collections.abc import Callable
from datetime import timedelta

import psycopg2
import pytest
from sqlalchemy.engine import make_url

from trc_pipelines.community.jobs import DAILY_STREAKS
from trc_pipelines.database.connection import Database
from trc_pipelines.database.migrations import SHARED
from trc_pipelines.settings import KNOWN_DOMAINS
from trc_pipelines_tests.catalogue import (
    CATALOGUE,
    CHECKS,
    LEADERBOARD_RECALCULATION,
    LEADERBOARD_WEEKLY_RESET,
)
from trc_pipelines_tests.faults.append_only import APPEND_ONLY, CHANGES
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


@pytest.mark.parametrize("role", ["trc_app", "trc_analyst"])
def test_app_and_analysts_read_everything_and_write_nothing_of_ours(
    lived_in: World, login: Login, role: str
) -> None:
    relations = lived_in.query(
        "SELECT n.nspname || '.' || c.relname AS name, c.relkind FROM pg_class AS c "
        "INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid "
        f"WHERE n.nspname IN {(*SHARED, *KNOWN_DOMAINS)} "
        "AND c.relkind IN ('r', 'p', 'v', 'm')"
    )
    app_owned = {relation.table for relation in CATALOGUE.app_relations}
    assert len(relations) > 70
    connection = login(role)
    connection.autocommit = True
    with connection.cursor() as cursor:
        for name in relations["name"]:
            cursor.execute(f"SELECT count(*) FROM {name}")
            is_theirs = role == "trc_app" and name in app_owned
            cursor.execute(
                "SELECT bool_or(has_table_privilege(%s, verb)) FROM "
                "unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER']) AS verb",
                [name],
            )
            assert cursor.fetchone() == (is_theirs,), name


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


def test_no_role_can_run_our_functions_but_the_owner(lived_in: World, login: Login) -> None:
    for role in ("trc_app", "trc_analyst"):
        with login(role).cursor() as cursor, pytest.raises(psycopg2.Error, match="denied"):
            cursor.execute("SELECT community.drop_snapshot_partitions('2100-01-01')")


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
