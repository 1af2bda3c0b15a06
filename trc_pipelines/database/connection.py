"""One transaction at a time over one ADBC connection: read frames, write frames, commit once.

Frames follow two rules, so that nothing is ever rounded or shifted. A column of integers that may
hold NULL is nullable (Int64). A moment has a time zone and is an instant in UTC, and a column without
one holds dates, at midnight. A time of day without a zone is refused both ways: nobody can say which
instant it is.

A session may be a pooler's, lent for one transaction: settings and staged tables end with it, and
between transactions nothing is open.

The driver waits in C, for as long as the connection stands, and nothing interrupts it there. Its
calls are made by a worker, and who waits for one has a deadline and can be interrupted.
"""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import adbc_driver_manager
import adbc_driver_postgresql
import adbc_driver_postgresql.dbapi as adbc
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from trc_pipelines.database.statements import load_statement
from trc_pipelines.database.urls import libpq_url
from trc_pipelines.database.waiting import Worker

T = TypeVar("T")

# What a session is called that is given no name of its own.
_NAME = "trc"
# A peer that is gone is noticed within a minute, also in the middle of a statement.
_CONNECTION_OPTIONS = {
    "connect_timeout": "5",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
}
# A server that is alive ends a statement itself, at its statement_timeout. We wait so much longer.
_GRACE_SECONDS = 15.0
_CONNECT_SECONDS = _ROLLBACK_SECONDS = 15.0
_CANCEL_SECONDS = 4.0
_CLOSE_SECONDS = 5.0

# The driver has no SQLSTATE for a connection that was lost, cut or refused: an IO error and libpq's
# words is all there is. It also drops the one of a server that answers and does not let us in (no
# such role, wrong password), and of errors in its own look-ups. Both repeat what the server said.
_CONNECTION_FAILURE = "08006"
_NO_CONNECTION = "08003"
_SAID_BY_THE_SERVER = re.compile(
    r"ERROR:  |failed: FATAL:  (?!the database system is |sorry, too many clients"
    r"|remaining connection slots|too many connections)"
)
_TRANSIENT = ("08", "40", "57P01", "57P02", "57P03", "53300")
# The code of a COPY of text into a column of numbers, which would fail again.
_PROTOCOL_VIOLATION = "08P01"

# What the driver knows of a database: the types there are. To read them takes it a session of its own and
# 45 ms of computing, to open a connection then less than one. Kept of the databases met last, a megabyte
# each, whatever their sessions are called.
MOST_KNOWN = 8
_known: dict[str, adbc_driver_manager.AdbcDatabase] = {}

_PANDAS_TYPES = {
    pa.int64(): pd.Int64Dtype(),
    pa.int32(): pd.Int64Dtype(),
    pa.bool_(): pd.BooleanDtype(),
}


class DatabaseError(Exception):
    """The database refused or did not answer.

    `sqlstate` is its code, or one of class 08 for a connection that failed, or None.
    """

    def __init__(self, message: str, sqlstate: str | None = None) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate

    @property
    def is_transient(self) -> bool:
        """Whether the same may go well in a moment, after `Connection.reconnect`.

        A server that gave no answer had its time: waiting for it again would only take longer.
        """
        code = self.sqlstate or ""
        return code.startswith(_TRANSIENT) and code != _PROTOCOL_VIOLATION


class Transaction:
    """An open transaction. Statements are named files under `sql/`, with parameters bound by name."""

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection
        self._has_staged = False

    def execute(self, statement: str, /, **parameters: object) -> None:
        """Run a statement that returns nothing."""
        loaded = load_statement(statement)
        values = loaded.bind(parameters)
        self._use(statement, lambda cursor: cursor.execute(loaded.text, values or None))

    def read(self, statement: str, /, **parameters: object) -> pd.DataFrame:
        """Read the rows of a statement (a SELECT, or anything with RETURNING)."""
        return _to_pandas(self._fetch(statement, parameters))

    def read_rows(self, statement: str, /, **parameters: object) -> list[dict[str, Any]]:
        """Read rows as Python values, None for NULL: for the few that are handled one by one."""
        rows: list[dict[str, Any]] = self._fetch(statement, parameters).to_pylist()
        return rows

    def read_row(self, statement: str, /, **parameters: object) -> dict[str, Any] | None:
        """Read the first row as Python values, or None when there is no row."""
        rows = self._fetch(statement, parameters).slice(0, 1).to_pylist()
        return rows[0] if rows else None

    def read_value(self, statement: str, /, **parameters: object) -> Any:
        """Read the first column of the first row, or None when there is no row."""
        row = self.read_row(statement, **parameters)
        return next(iter(row.values())) if row else None

    def _fetch(self, statement: str, parameters: dict[str, object]) -> pa.Table:
        loaded = load_statement(statement)
        values = loaded.bind(parameters)
        table = self._use(
            statement,
            lambda cursor: cursor.execute(loaded.text, values or None).fetch_arrow_table(),
        )
        for field in table.schema:
            if _has_no_zone(field):
                raise DatabaseError(
                    f"{statement}: the column {field.name} is a timestamp without a time zone, and "
                    "which instant it means is not known; it accepts timestamptz. In the view over "
                    f"the app's table write: {field.name} AT TIME ZONE 'UTC' AS {field.name} "
                    "(or the zone the app writes in)"
                )
        return table

    def append(self, table: str, frame: pd.DataFrame) -> None:
        """COPY the frame into `schema.table`, columns by name."""
        schema, name = table.split(".")
        if frame.empty:
            return
        rows = _to_arrow(table, frame)
        self._use(
            f"COPY {table}",
            lambda cursor: cursor.adbc_ingest(name, rows, mode="append", db_schema_name=schema),
        )

    def stage(self, name: str, frame: pd.DataFrame) -> None:
        """COPY the frame into a table of that name, replacing an earlier one; the transaction drops it."""
        rows = _to_arrow(name, frame)
        self._has_staged = True
        self._use(
            f"COPY {name}",
            lambda cursor: cursor.adbc_ingest(name, rows, mode="replace", temporary=True),
        )

    def drop_staged(self) -> None:
        """Drop what was staged, before a commit: the driver cannot make it ON COMMIT DROP."""
        if self._has_staged:
            self.execute("database/drop_staged")

    def _use(self, what: str, call: Callable[[adbc.Cursor], T]) -> T:
        return self._connection.use(what, call)


class _Statements(Transaction):
    """Statements with a transaction each. Two messages of one without might reach two sessions."""

    def _use(self, what: str, call: Callable[[adbc.Cursor], T]) -> T:
        with self._connection.transaction():
            return super()._use(what, call)


class Connection:
    """An open connection: any number of transactions, one after the other.

    Where the server gave no answer in time the driver's connection is given up: every use is then
    refused, until `reconnect`.
    """

    def __init__(self, database: "Database") -> None:
        self._database = database
        self._driver: adbc.Connection | None = None
        self._open()

    @contextmanager
    def transaction(
        self, *, commit: bool = True, is_snapshot: bool = False
    ) -> Iterator[Transaction]:
        """Commit when the block ends well, roll back when it raises or `commit` is false.

        Args:
            is_snapshot: every statement sees the same moment, and none may write.

        Raises:
            DatabaseError: a refused statement, or a commit nobody acknowledged (it may have
                happened: whatever runs here is safe to repeat).
        """
        try:
            # A pooler may have to wait for a session that is free.
            self._call(
                "begin", lambda driver: self._begin(driver, is_snapshot), self._statement_seconds
            )
            transaction = Transaction(self)
            yield transaction
            if commit:
                transaction.drop_staged()
                # To the driver the end of a transaction, after which it begins no other.
                self._call(
                    "commit",
                    lambda driver: driver.adbc_connection.set_autocommit(True),
                    self._statement_seconds,
                )
            else:
                self._rollback()
        except BaseException:
            # The connection may be what failed: the error on its way says so better than a second.
            try:
                self._rollback()
            except DatabaseError:
                self.close(wait_seconds=0)
            raise

    @contextmanager
    def between_transactions(self) -> Iterator[Transaction]:
        """Let statements commit each by itself: none keeps a transaction open while others wait."""
        yield _Statements(self)

    def use(self, what: str, call: Callable[[adbc.Cursor], T]) -> T:
        """Make a call with a cursor of its own.

        Args:
            what: names the call in errors.

        Raises:
            DatabaseError: the server refuses, or gives no answer in time.
        """

        def call_with_cursor(driver: adbc.Connection) -> T:
            with driver.cursor() as cursor:
                return call(cursor)

        return self._call(what, call_with_cursor, self._statement_seconds)

    def reconnect(self) -> None:
        """Open another connection with the same settings. What was not committed is lost.

        Raises:
            DatabaseError: the server does not answer or does not let us in.
        """
        self.close()
        self._open()

    def close(self, wait_seconds: float = _CLOSE_SECONDS) -> None:
        """Give up the driver's connection, which is closed as soon as its last call has returned."""
        driver, self._driver = self._driver, None
        closing = [self._worker.submit(driver.close)] if driver else []
        self._worker.stop()
        wait(closing, wait_seconds)

    @property
    def _statement_seconds(self) -> float:
        return self._database.statement_timeout_seconds + _GRACE_SECONDS

    def _open(self) -> None:
        self._worker = Worker()
        try:
            self._driver = self._await("connect", self._database.open_driver, _CONNECT_SECONDS)
        except BaseException:
            self.close()
            raise

    def _begin(self, driver: adbc.Connection, is_snapshot: bool) -> None:
        driver.adbc_connection.set_autocommit(False)
        settings = load_statement("database/set_transaction")
        values = settings.bind(
            {
                "statement_timeout": f"{self._database.statement_timeout_seconds * 1000:.0f}",
                "lock_timeout": f"{self._database.lock_timeout_seconds * 1000:.0f}",
            }
        )
        with driver.cursor() as cursor:
            if is_snapshot:  # before anything is asked
                cursor.execute(load_statement("database/set_snapshot").text)
            cursor.execute(settings.text, values)

    def _rollback(self) -> None:
        def roll_back(driver: adbc.Connection) -> None:
            driver.adbc_connection.rollback()
            driver.adbc_connection.set_autocommit(True)  # the driver has begun another

        self._call("rollback", roll_back, _ROLLBACK_SECONDS)

    def _call(self, what: str, call: Callable[[adbc.Connection], T], seconds: float) -> T:
        driver = self._driver
        if driver is None:
            raise DatabaseError(f"{what}: the connection was given up", _NO_CONNECTION)
        return self._await(what, lambda: call(driver), seconds)

    def _await(self, what: str, call: Callable[[], T], seconds: float) -> T:
        running = self._worker.submit(call)
        try:
            # Raises what interrupts the wait, and returns what the call raised.
            running.exception(seconds)
        except TimeoutError:
            self.close(wait_seconds=0)
            raise DatabaseError(
                f"{what}: no answer within {seconds:g} s; "
                "the server accepts connections but does not answer"
            ) from None
        except BaseException:
            self._interrupt(running)
            raise
        with _errors_of(what):
            return running.result()

    def _interrupt(self, running: Future[Any]) -> None:
        """Have the server end what is running, and without an answer give up the connection."""
        # Given up until it answers: a second interrupt may come while this one waits.
        driver, self._driver = self._driver, None
        if driver is None:
            return
        canceller = Worker()  # a cancel is a connection too, and may wait as long
        cancelled = canceller.submit(driver.adbc_cancel)
        canceller.stop()
        if wait([running, cancelled], _CANCEL_SECONDS).not_done:
            # Not closed: that would free what the cancel is using. Its last user frees it.
            self._worker.stop()
        else:
            self._driver = driver


class _Shared:
    """What a connection closes in place of what others connect by too."""

    def close(self) -> None:
        pass


@dataclass(frozen=True)
class Database:
    """Where the tables are, and how long to wait for them.

    Attributes:
        url: a server, or a pooler in front of it that lends sessions by transaction.
        application_name: what its sessions are called in pg_stat_activity.
        direct_url: the same database past the pooler, if there is one.
    """

    url: str
    statement_timeout_seconds: float = 300
    lock_timeout_seconds: float = 30
    application_name: str = _NAME
    direct_url: str | None = None

    @property
    def direct(self) -> "Database":
        """The same database, where a session stays the same one until it is closed."""
        return replace(self, url=self.direct_url) if self.direct_url else self

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """Open a connection whose waits are bounded.

        Raises:
            DatabaseError: the server does not answer or does not let us in.
        """
        connection = Connection(self)
        try:
            yield connection
        finally:
            connection.close()

    @contextmanager
    def transaction(self, *, commit: bool = True) -> Iterator[Transaction]:
        """Open one transaction on a connection of its own."""
        with self.connect() as connection, connection.transaction(commit=commit) as transaction:
            yield transaction

    @contextmanager
    def snapshot(self) -> Iterator[Transaction]:
        """Open a transaction that only reads, in which every statement sees the same moment."""
        with (
            self.connect() as connection,
            connection.transaction(commit=False, is_snapshot=True) as transaction,
        ):
            yield transaction

    def open_driver(self) -> adbc.Connection:
        """Open a connection of the driver. Blocks: `connect` does not."""
        known = _driver_of(libpq_url(self.url, _CONNECTION_OPTIONS, application_name=_NAME))
        connection = adbc_driver_manager.AdbcConnection(known)
        driver = adbc.Connection(_Shared(), connection, autocommit=True)
        if self.application_name != _NAME:
            try:
                with driver.cursor() as cursor:
                    naming = load_statement("database/name_session")
                    cursor.execute(naming.text, naming.bind({"name": self.application_name}))
            except BaseException:
                driver.close()
                raise
        return driver


def _driver_of(url: str) -> adbc_driver_manager.AdbcDatabase:
    """Find what the driver knows of a database, or have it read."""
    known = _known.pop(url, None) or adbc_driver_postgresql.connect(url)
    _known[url] = known  # the newest is last
    # Threads may do this at once. Whose connections stand keeps what they use.
    for forgotten in list(_known)[:-MOST_KNOWN]:
        _known.pop(forgotten, None)
    return known


@contextmanager
def _errors_of(what: str) -> Iterator[None]:
    try:
        yield
    except adbc_driver_manager.Error as error:
        # Only the server's own sentence: what follows repeats the statement and may show data.
        words = re.split(r"\n(?:LINE|DETAIL|HINT|CONTEXT|Query|\n)|\. SQLSTATE:", str(error))[0]
        sqlstate = error.sqlstate
        if error.status_code == adbc_driver_manager.AdbcStatusCode.IO and not (
            sqlstate or _SAID_BY_THE_SERVER.search(str(error))
        ):
            sqlstate = _CONNECTION_FAILURE
        # Not raised from the error, which shows the row: tracebacks go to logs and into the UI.
        raise DatabaseError(f"{what}: {' '.join(words.split())}", sqlstate) from None
    except UnicodeEncodeError:
        raise DatabaseError(f"{what}: a text cannot be written in UTF-8") from None


def _to_pandas(table: pa.Table) -> pd.DataFrame:
    # JSON arrives as an extension type. Rules and reports want its text.
    columns = [
        column.cast(pa.string()) if isinstance(column.type, pa.BaseExtensionType) else column
        for column in table.columns
    ]
    plain = pa.table(columns, names=table.column_names)
    frame: pd.DataFrame = plain.to_pandas(types_mapper=_PANDAS_TYPES.get, date_as_object=False)
    return frame


def _to_arrow(target: str, frame: pd.DataFrame) -> pa.Table:
    table = pa.Table.from_pandas(frame, preserve_index=False)
    fields = []
    for field, column in zip(table.schema, table.columns, strict=True):
        if not _has_no_zone(field):
            fields.append(field)
            continue
        if pc.any(pc.not_equal(column, pc.floor_temporal(column, unit="day"))).as_py():
            raise DatabaseError(
                f"COPY {target}: the column {field.name} has a time of day and no time zone, and "
                "would become a date; it accepts dates at midnight, or instants with a zone: "
                f"frame[{field.name!r}].dt.tz_localize('UTC')"
            )
        fields.append(field.with_type(pa.date32()))
    return table.cast(pa.schema(fields)).replace_schema_metadata(None)


def _has_no_zone(field: pa.Field) -> bool:
    return pa.types.is_timestamp(field.type) and field.type.tz is None
