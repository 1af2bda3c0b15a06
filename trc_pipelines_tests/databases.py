"""Databases lent to tests: emptied, and lent again with the connections that are open to them.

To copy the template and to open connections took more than most tests do: a third of the suite. A
database is lent again only while nothing tells it from a new one: when a test changed more than rows
of tables (the schema, grants, settings, rows that the migrations wrote), or left anything behind (a
session, a database of Dagster beside it), it is dropped.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import adbc_driver_postgresql.dbapi as adbc
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from trc_pipelines.database.connection import Connection, Database, DatabaseError, _known
from trc_pipelines_tests.servers import create_database, drop_database, once

EMPTY = (Path(__file__).parent / "empty_database.sql").read_text()
# Tests of concurrency open dozens.
MOST_KEPT = 3
# Nothing is vacuumed here: what was once in the catalogs stays there as dead rows.
MOST_LOANS = 100
SESSION_END_SECONDS = 5.0

SEEDED = """\
SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND pg_relation_size(oid) > 0
AND relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema') ORDER BY 1"""
PARTITIONS = "SELECT oid::regclass::text FROM pg_class WHERE relispartition AND relkind = 'r'"
# Where whatever makes a database another one is written.
CATALOGS = [
    "pg_attrdef", "pg_attribute", "pg_constraint", "pg_default_acl", "pg_event_trigger",
    "pg_extension", "pg_index", "pg_inherits", "pg_policy", "pg_proc", "pg_publication", "pg_rewrite",
    "pg_sequence", "pg_statistic", "pg_statistic_ext", "pg_trigger", "pg_type",
]  # fmt: skip
# A row that is new or changed has a newer xmin, one that is gone is missing.
LOOK_AT_CATALOG = """\
SELECT '{0}', count(*), max(xmin::text::bigint)::text FROM pg_catalog.{0}"""
LOOK_AT_SEEDED = (
    "SELECT '{0}', count(*), md5(string_agg(t::text, ',' ORDER BY t::text)) FROM {0} AS t"
)
# A table that had a partition is not what it was, to the server: only that it may have one.
LOOK_AT_RELATIONS = """\
SELECT 'pg_class', count(*), concat(
max(xmin::text::bigint) FILTER (WHERE relkind NOT IN ('p', 'I')),
array_agg(ROW(oid, relname, relnamespace, relowner, relnatts, relchecks, relhastriggers, relrowsecurity,
relacl, reloptions) ORDER BY oid) FILTER (WHERE relkind IN ('p', 'I')))
FROM pg_class"""
LOOK_AT_SCHEMAS = LOOK_AT_CATALOG.format("pg_namespace") + r" WHERE nspname !~ '^pg_(toast_)?temp_'"
LOOK_AT_SHARED = """\
SELECT 'pg_database', 1, d::text || array(
SELECT s::text FROM pg_db_role_setting AS s WHERE s.setdatabase = d.oid ORDER BY 1
)::text FROM pg_database AS d WHERE d.datname = current_database()"""
COMPANY = """\
SELECT
(SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
AND backend_type = 'client backend'),
(SELECT count(*) FROM pg_database WHERE datname = current_database() || '_dagster')"""

_idle: dict[str, list["tuple[Database, Connection]"]] = defaultdict(list)
_engines: dict[str, sa.Engine] = {}
_free: dict[str, list["Reused"]] = defaultdict(list)


@dataclass(frozen=True)
class PooledDatabase(Database):
    """A database whose connections are kept and used again, also by the tests that come after.

    To open one takes 45 ms, more than most tests do with it.
    """

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """An idle connection that still answers, or a new one; kept when the block ends well."""
        connection = self._take() or Connection(self)
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        if _is_alive(connection):
            _idle[self.url].append((self, connection))

    def _take(self) -> Connection | None:
        for entry in reversed(_idle[self.url]):
            if entry[0] == self:
                _idle[self.url].remove(entry)
                if _is_alive(entry[1]):
                    return entry[1]
        return None


def _is_alive(connection: Connection) -> bool:
    """Whether the server answers. A lock that would have ended with the session ends here."""

    def end_all(driver: adbc.Connection) -> None:
        with driver.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock_all()").fetchall()

    try:
        connection._call("keep", end_all, SESSION_END_SECONDS)
    except DatabaseError:
        connection.close()
        return False
    return True


def engine_of(url: str) -> sa.Engine:
    """For looking at a database, and doing to it what an app might: its connection is kept too."""
    if url not in _engines:
        target = make_url(url).set(drivername="postgresql+psycopg2")
        engine = _engines[url] = sa.create_engine(
            target, pool_size=1, max_overflow=20, pool_pre_ping=True
        )
        sa.event.listen(engine, "checkin", _discard)
    return _engines[url]


def close_connections(url: str) -> None:
    """Close what is kept open to a database, and forget what the driver knows of it: a megabyte."""
    for _, connection in _idle.pop(url, []):
        connection.close()
    name = make_url(url).database
    for known in [known for known in _known if f"/{name}" in known]:
        with suppress(adbc.Error, RuntimeError):  # a test has left a connection open
            _known.pop(known).close()
    if engine := _engines.pop(url, None):
        engine.dispose()


@contextmanager
def lend_database(request: pytest.FixtureRequest, version: int) -> Iterator[str]:
    """A migrated database without a row, on a server of that version, for one test; its URL.

    Or one in which something was `played`, once for all tests that begin there.
    """
    if played := request.node.get_closest_marker("played"):
        server = request.getfixturevalue("servers")[version]
        url = create_database(server, _make_played(request, server, version, *played.args))
        yield url
        remove_database(url)
    elif request.node.get_closest_marker("quiet"):
        url = create_database(request.getfixturevalue("quiet_servers")[version])
        yield url
        remove_database(url)
    else:
        with borrow_database(request.getfixturevalue("servers")[version]) as url:
            yield url


def _make_played(
    request: pytest.FixtureRequest, server: str, version: int, play: Callable[[str], object]
) -> str:
    """Name of a template in which it was played; nobody is connected to it any more."""
    name = f"{play.__module__.rpartition('.')[2]}_{play.__name__}".removeprefix("test_")

    def make() -> None:
        url = create_database(server, name=name)
        play(url)
        close_connections(url)

    once(request.getfixturevalue("shared_folder") / f"{version}.{name}", make)
    return name


@contextmanager
def borrow_database(server: str) -> Iterator[str]:
    """A migrated database without a row, that others may have had before; its URL."""
    reused = _free[server].pop() if _free[server] else Reused(create_database(server))
    yield reused.url
    if reused.is_as_new():
        _free[server].append(reused)
    else:
        remove_database(reused.url)


def remove_database(url: str) -> None:
    """Drop it, and what is kept open to it."""
    close_connections(url)
    drop_database(url)


@dataclass
class Reused:
    """A database that is lent again and again.

    Attributes:
        state: the catalogs and what the migrations wrote, by what changes with any change to them.
    """

    url: str
    loans: int = 0

    def __post_init__(self) -> None:
        with engine_of(self.url).begin() as connection:
            self.seeded = list(connection.exec_driver_sql(SEEDED).scalars())
            self.partitions = list(connection.exec_driver_sql(PARTITIONS).scalars())
            self._look = " UNION ALL ".join(
                [LOOK_AT_CATALOG.format(name) for name in CATALOGS]
                + [LOOK_AT_SEEDED.format(name) for name in self.seeded]
                + [LOOK_AT_RELATIONS, LOOK_AT_SCHEMAS, LOOK_AT_SHARED]
            )
            self.state = self._read_state(connection)

    def is_as_new(self) -> bool:
        """Empty it after a test; whether nothing is left of that."""
        self.loans += 1
        try:
            return self.loans < MOST_LOANS and self._is_left_alone() and self._empty()
        except sa.exc.DBAPIError:
            return False  # a lock that somebody holds, or a server that a test has stopped

    def _is_left_alone(self) -> bool:
        """Whether nobody is connected but those who are kept, and Dagster was never here."""
        kept = _idle[self.url]
        while len(kept) > MOST_KEPT:
            kept.pop()[1].close()
        deadline = time.monotonic() + SESSION_END_SECONDS
        engine = engine_of(self.url)
        while True:
            with engine.connect() as connection:
                sessions, dagsters = connection.exec_driver_sql(COMPANY).one()
                expected = len(kept) + engine.pool.checkedin()  # type: ignore[attr-defined]
            if dagsters or sessions == expected or time.monotonic() > deadline:
                return not dagsters and sessions == expected
            time.sleep(0.005)

    def _empty(self) -> bool:
        with engine_of(self.url).begin() as connection:
            made = set(connection.exec_driver_sql(PARTITIONS).scalars()) - set(self.partitions)
            if made:  # by every sync of another day
                connection.exec_driver_sql(f"DROP TABLE {', '.join(made)}")
            if self._read_state(connection) != self.state:
                return False
            connection.execute(
                sa.text("SELECT set_config('trc.seeded', :names, TRUE)"),
                {"names": "{" + ",".join(self.seeded) + "}"},
            )
            connection.exec_driver_sql(EMPTY, execution_options={"no_parameters": True})
            self.state = self._read_state(connection)
        return True

    def _read_state(self, connection: sa.Connection) -> list[tuple]:
        return connection.exec_driver_sql(
            self._look, execution_options={"no_parameters": True}
        ).all()


def _discard(connection: Any, _record: object) -> None:
    """Forget roles, settings, locks and temporary tables of who used the connection."""
    if connection is None:
        return
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("DISCARD ALL")
    connection.autocommit = False
