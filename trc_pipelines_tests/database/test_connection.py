"""Frames in and out, the transaction around them, and the connection below."""

import threading
import weakref
from dataclasses import replace

import adbc_driver_manager
import adbc_driver_postgresql
import pandas as pd
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from trc_pipelines.database.connection import (
    MOST_KNOWN,
    Connection,
    Database,
    DatabaseError,
    _to_pandas,
)
from trc_pipelines.database.urls import libpq_url
from trc_pipelines.database.waiting import Worker
from trc_pipelines_tests.databases import close_connections, engine_of
from trc_pipelines_tests.house import wait_until
from trc_pipelines_tests.world import NOON, World


def test_whole_numbers_with_null_stay_whole(world: World) -> None:
    big = 2**62 + 1
    world.execute(f"INSERT INTO community.members (member_id, discord_id) VALUES ('a', {big})")
    world.sync(NOON, {})
    with world.database.transaction() as transaction:
        frame = transaction.read("community/select_xp_states")
    assert frame["discord_id"].tolist() == [big]
    assert frame["xp"].dtype == "Int64"
    assert frame["xp"].isna().all()


AFTERNOON = pd.Timestamp("2026-03-04 14:15:16.123456")


@pytest.mark.parametrize("way", ["read", "read_rows", "read_row", "read_value"])
def test_a_time_without_a_zone_is_not_read_as_a_date(world: World, way: str) -> None:
    world.execute(
        "ALTER TABLE community.mee6_blocks "
        "ALTER COLUMN blocked_until TYPE timestamp USING blocked_until AT TIME ZONE 'UTC', "
        "DROP CONSTRAINT mee6_blocks_order_check"
    )
    world.execute(f"INSERT INTO community.mee6_blocks VALUES (now(), '{AFTERNOON}')")
    with (
        pytest.raises(
            DatabaseError, match=r"select_open_block.*blocked_until.*AT TIME ZONE"
        ) as caught,
        world.database.transaction() as transaction,
    ):
        getattr(transaction, way)("community/select_open_block", now=NOON)
    assert not caught.value.is_transient


def test_an_award_of_the_app_without_a_zone_stops_at_the_border(world: World) -> None:
    world.execute(
        "ALTER TABLE community.point_transactions "
        "ALTER COLUMN created_at TYPE timestamp USING created_at AT TIME ZONE 'UTC';"
        "INSERT INTO community.point_transactions (member_id, action, points, created_at) "
        f"VALUES ('ann', 'intro_completed', 25, '{AFTERNOON}')"
    )
    with pytest.raises(DatabaseError, match=r"transactions_to_post.*created_at"):
        world.sync(NOON + pd.Timedelta(days=1))
    assert world.query("SELECT * FROM community.point_ledger").empty


@pytest.mark.parametrize("way", ["append", "stage"])
@pytest.mark.parametrize(
    "moments",
    [
        pd.Series([AFTERNOON]),
        pd.Series([AFTERNOON.normalize(), AFTERNOON, pd.NaT]),
        pd.Series([AFTERNOON.to_pydatetime()], dtype=object),
        pd.Series([pd.Timestamp("2026-03-04 00:00:00.000000001")]),
        pd.Series([pd.Timestamp("1969-12-31 23:59")]),
    ],
    ids=["a time", "one among dates", "Python's own", "a nanosecond", "before the epoch"],
)
def test_a_time_without_a_zone_is_not_written_as_a_date(
    database: Database, way: str, moments: pd.Series
) -> None:
    with (
        pytest.raises(DatabaseError, match=r"COPY .*days.* column day .*tz_localize"),
        database.transaction() as transaction,
    ):
        getattr(transaction, way)("community.days", pd.DataFrame({"day": moments}))


def test_dates_come_back_as_they_went(world: World) -> None:
    days = pd.to_datetime(pd.Series(["2026-03-03", "2026-03-04", None]))
    with world.database.transaction() as transaction:
        transaction.append("community.days", pd.DataFrame({"day": days.dropna()}))
        transaction.stage("days_with_null", pd.DataFrame({"day": days, "none": pd.NaT}))
        read = transaction.read(
            "community/select_observed_days",
            first_day=NOON.date() - pd.Timedelta(days=1),
            last_day=NOON.date(),
        )
    assert read["day"].tolist() == days.dropna().tolist()
    assert world.query("SELECT day FROM community.days ORDER BY day")["day"].astype(
        str
    ).tolist() == ["2026-03-03", "2026-03-04"]


def test_an_exception_rolls_everything_back(world: World) -> None:
    def append_and_fail() -> None:
        with world.database.transaction() as transaction:
            transaction.append("community.members", pd.DataFrame({"member_id": ["a"]}))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        append_and_fail()
    assert world.query("SELECT * FROM community.members").empty


def test_a_rehearsal_sees_its_own_writes_and_leaves_none(world: World) -> None:
    members = pd.DataFrame({"member_id": ["a"], "discord_id": [7]})
    with world.database.transaction(commit=False) as transaction:
        transaction.append("community.members", members)
        assert len(transaction.read("community/select_linked_accounts")) == 1
    assert world.query("SELECT * FROM community.members").empty


def test_a_refused_statement_names_itself_and_its_code(world: World) -> None:
    with (
        pytest.raises(DatabaseError, match="insert_block") as caught,
        world.database.transaction() as transaction,
    ):
        transaction.execute("community/insert_block", blocked_at=NOON, blocked_until=NOON)
    assert caught.value.sqlstate == "23514"
    assert "INSERT INTO" not in str(caught.value)


def test_a_server_that_does_not_answer_fails_soon_and_shows_no_password() -> None:
    database = Database("postgresql://someone:secret@127.0.0.1:1/trc")
    with pytest.raises(DatabaseError) as caught, database.transaction():
        pass
    assert "secret" not in str(caught.value)
    assert "connect" in str(caught.value)


def test_a_statement_that_takes_too_long_is_stopped(world: World) -> None:
    database = Database(world.database.url, statement_timeout_seconds=0.05)
    world.execute(
        "CREATE FUNCTION community.slow() RETURNS text LANGUAGE sql AS $$ SELECT pg_sleep(9)::text $$"
    )
    world.execute(
        "CREATE OR REPLACE FUNCTION community.ensure_snapshot_partition(for_day date) RETURNS void "
        "LANGUAGE plpgsql AS $$ BEGIN PERFORM community.slow(); END $$"
    )
    with (
        pytest.raises(DatabaseError, match="statement timeout"),
        database.transaction() as transaction,
    ):
        transaction.execute("community/ensure_snapshot_partition", day=NOON.date())


TRANSIENT = ["08000", "08003", "08006", "40001", "40P01", "57P01", "57P02", "57P03", "53300"]
LASTING = ["55P03", "57014", "23505", "23514", "42601", "42P01", "22012", "08P01", "53100", None]


@pytest.mark.parametrize("sqlstate", [*TRANSIENT, *LASTING])
def test_what_may_go_well_in_a_moment(sqlstate: str | None) -> None:
    assert DatabaseError("refused", sqlstate).is_transient == (sqlstate in TRANSIENT)


def fetch(connection: Connection, sql: str) -> object:
    rows = connection.use("ask", lambda cursor: cursor.execute(sql).fetch_arrow_table())
    return rows.column(0)[0].as_py()


@pytest.mark.parametrize("moment", ["at a statement", "at its commit", "while it runs"])
def test_a_session_the_server_ends_is_transient_and_reconnect_begins_one_like_it(
    world: World, moment: str
) -> None:
    def lose(connection: Connection, pid: object) -> None:
        end = f"SELECT pg_terminate_backend({pid})"
        with connection.transaction():
            if moment == "while it runs":
                threading.Timer(0.3, world.query, [end]).start()
                fetch(connection, "SELECT pg_sleep(9)::text")
            world.query(end)
            if moment == "at a statement":
                fetch(connection, "SELECT 1")

    with world.database.connect() as connection:
        pid = fetch(connection, "SELECT pg_backend_pid()")
        with pytest.raises(DatabaseError) as caught:
            lose(connection, pid)
        assert caught.value.is_transient
        connection.reconnect()
        with connection.transaction():
            assert fetch(connection, "SELECT pg_backend_pid()") != pid
            assert fetch(connection, "SELECT current_setting('statement_timeout')") == "1min"
            assert fetch(connection, "SELECT current_setting('TimeZone')") == "UTC"


def test_a_server_looks_whether_who_waits_is_still_there(world: World) -> None:
    """A host that was cut off would keep its locks for as long as it waits for another."""
    shown = "SELECT current_setting('client_connection_check_interval')"
    with world.database.connect() as connection, connection.transaction():
        assert connection.use("ask", lambda c: c.execute(shown).fetchone()) == ("10s",)


def test_a_session_has_the_name_it_was_given(database: Database) -> None:
    with replace(database, application_name="50% of a+b").connect() as connection:
        assert fetch(connection, "SELECT current_setting('application_name')") == "50% of a+b"


@pytest.mark.parametrize(
    ("part", "value", "is_transient"),
    [
        ("host", "/nowhere", True),  # no server
        ("user", "crowd", True),  # it has all the connections it may have
        ("user", "nobody", False),
        ("dbname", "nothing", False),
    ],
)
def test_being_refused_is_transient_unless_it_is_for_who_we_are(
    world: World, part: str, value: str, is_transient: bool
) -> None:
    world.execute(
        "DO $$ BEGIN CREATE ROLE crowd LOGIN CONNECTION LIMIT 0; "
        "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
    )
    url = make_url(world.database.url).update_query_dict({part: value})
    database = Database(url.render_as_string(hide_password=False))
    with pytest.raises(DatabaseError, match=r"^connect: ") as caught, database.connect():
        pass
    assert caught.value.is_transient is is_transient


CONNECT = "[libpq] Failed to connect: connection to server at localhost failed: "


@pytest.mark.parametrize(
    ("status", "words", "is_transient"),
    [
        ("IO", "[libpq] Failed to commit: server closed the connection unexpectedly", True),
        ("IO", "Failed to prepare query: FATAL:  terminating connection due to command", True),
        ("IO", CONNECT + "timeout expired", True),
        ("IO", CONNECT + "FATAL:  the database system is starting up", True),
        ("IO", CONNECT + "FATAL:  remaining connection slots are reserved for roles", True),
        ("IO", CONNECT + 'FATAL:  password authentication failed for user "a"', False),
        ("IO", "[libpq] Failed to execute query 'SELECT': ERROR:  no such thing", False),
        ("INTERNAL", "Can't map Arrow type 'struct' to Postgres type", False),
    ],
)
def test_without_a_code_it_is_the_words_that_tell_a_lost_connection(
    database: Database, status: str, words: str, is_transient: bool
) -> None:
    def fail(_: object) -> None:
        raise adbc_driver_manager.OperationalError(
            words, status_code=adbc_driver_manager.AdbcStatusCode[status]
        )

    with pytest.raises(DatabaseError) as caught, database.connect() as connection:
        connection.use("ask", fail)
    assert caught.value.is_transient is is_transient


def test_what_a_transaction_could_not_roll_back_is_not_committed_by_the_next(world: World) -> None:
    def begin_and_lose(connection: Connection) -> None:
        with connection.transaction() as transaction:
            transaction.append("community.members", pd.DataFrame({"member_id": ["a"]}))
            world.query(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE state = 'idle in transaction' AND datname = current_database()"
            )
            raise RuntimeError

    with world.database.connect() as connection:
        with pytest.raises(RuntimeError):
            begin_and_lose(connection)
        with pytest.raises(DatabaseError, match="given up") as caught, connection.transaction():
            fetch(connection, "SELECT 1")
    assert caught.value.is_transient


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Of which databases the driver reads what it has to know, as it does."""
    urls: list[str] = []
    connect = adbc_driver_postgresql.connect
    monkeypatch.setattr(
        adbc_driver_postgresql, "connect", lambda url: urls.append(url) or connect(url)
    )
    return urls


@pytest.mark.either
def test_what_the_driver_knows_of_a_database_is_read_once_and_what_came_later_is_read_too(
    database_url: str, readings: list[str]
) -> None:
    close_connections(database_url)
    database = Database(database_url)
    for _ in range(3):
        with database.transaction() as transaction:
            transaction.read("community/select_linked_accounts")
    assert len(readings) == 1
    with engine_of(database_url).begin() as app:
        app.exec_driver_sql("CREATE TYPE mood AS ENUM ('well', 'ill')")
        app.exec_driver_sql("CREATE TABLE moods AS SELECT 'ill'::mood AS mood")
    with database.connect() as connection:
        table = connection.use(
            "moods", lambda cursor: cursor.execute("SELECT mood FROM moods").fetch_arrow_table()
        )
    assert _to_pandas(table)["mood"].tolist() == ["ill"]


@pytest.mark.either
def test_sessions_of_other_names_share_what_the_driver_knows(
    database_url: str, readings: list[str]
) -> None:
    """Every run names its own: what each of them kept would grow for as long as a worker lives."""
    close_connections(database_url)
    for name in ("trc", "trc run 1", "trc run 2"):
        with Database(database_url, application_name=name).connect() as connection:
            assert fetch(connection, "SELECT current_setting('application_name')") == name
    assert len(readings) == 1


@pytest.mark.either
def test_the_driver_keeps_a_few_databases_in_mind_and_not_all_there_ever_were(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trc_pipelines.database.connection._known", known := {})
    databases = [
        Database(libpq_url(database_url, keepalives_idle=str(30 + number)))
        for number in range(MOST_KNOWN + 2)
    ]
    with databases[0].connect() as connection:
        for database in databases[1:]:
            with database.transaction() as transaction:
                transaction.read_value("community/select_newest_accepted_sync")
        assert len(known) == MOST_KNOWN
        # What a connection is open to may be forgotten all the same.
        assert fetch(connection, "SELECT 1") == 1
        connection.reconnect()
        assert fetch(connection, "SELECT 1") == 1


@pytest.mark.either
def test_connections_leave_no_thread_and_no_session(database_url: str) -> None:
    close_connections(database_url)
    database = Database(database_url)
    # Of a test before, some may be about to end.
    before = set(threading.enumerate())
    for i in range(50):
        with database.connect() as connection:
            if i % 10 == 0:
                connection.reconnect()
    wait_until(lambda: not set(threading.enumerate()) - before)
    url = make_url(database.url).set(drivername="postgresql+psycopg2")
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as other:
        sessions = sa.text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        )
        # A server takes a moment to end one.
        wait_until(lambda: other.execute(sessions).scalar_one() == 1)
    engine.dispose()


@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_worker_carries_over_errors_of_any_kind_and_goes_on(kind: type[BaseException]) -> None:
    def fail() -> None:
        raise kind

    worker = Worker()
    assert type(worker.submit(fail).exception(60)) is kind
    assert worker.submit(lambda: 7).result(60) == 7
    worker.stop()


def test_a_worker_keeps_nothing_of_a_call_that_is_over() -> None:
    class Rows:
        pass

    worker = Worker()
    rows = worker.submit(Rows).result(60)
    kept = weakref.ref(rows)
    del rows
    wait_until(lambda: kept() is None)
    worker.stop()
