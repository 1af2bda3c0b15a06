"""One transaction at a time over one ADBC connection: read frames, write frames, commit once.

Frames follow two rules, so that nothing is ever rounded or shifted: a column of whole numbers that
may hold NULL is nullable (Int64), and a timestamp without a time zone is a date, with one an
instant in UTC.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import adbc_driver_manager
import adbc_driver_postgresql.dbapi as adbc
import pandas as pd
import pyarrow as pa
from sqlalchemy.engine import make_url

from trc_pipelines.database.statements import load_statement

# A peer that is gone is noticed within a minute, also in the middle of a statement.
_CONNECTION_OPTIONS = {
    "connect_timeout": "5",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
}
_PANDAS_TYPES = {
    pa.int64(): pd.Int64Dtype(),
    pa.int32(): pd.Int64Dtype(),
    pa.bool_(): pd.BooleanDtype(),
}


class DatabaseError(Exception):
    """The database refused or did not answer; `sqlstate` is its code where it gave one."""

    def __init__(self, message: str, sqlstate: str | None = None) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate


class Transaction:
    """An open transaction. Statements are named files under `sql/`; parameters are bound."""

    def __init__(self, connection: adbc.Connection) -> None:
        self._connection = connection

    def execute(self, statement: str, *parameters: object) -> None:
        """Run a statement that returns nothing."""
        with _errors_of(statement), self._connection.cursor() as cursor:
            cursor.execute(load_statement(statement), parameters or None)

    def read(self, statement: str, *parameters: object) -> pd.DataFrame:
        """Rows of a statement (a SELECT, or anything with RETURNING)."""
        return _to_pandas(self._fetch(statement, *parameters))

    def read_row(self, statement: str, *parameters: object) -> dict[str, Any] | None:
        """The first row as Python values, None for NULL; None when there is no row."""
        rows = self._fetch(statement, *parameters).slice(0, 1).to_pylist()
        return rows[0] if rows else None

    def read_value(self, statement: str, *parameters: object) -> Any:
        """The first column of the first row; None for NULL or no row."""
        row = self.read_row(statement, *parameters)
        return next(iter(row.values())) if row else None

    def _fetch(self, statement: str, *parameters: object) -> pa.Table:
        with _errors_of(statement), self._connection.cursor() as cursor:
            cursor.execute(load_statement(statement), parameters or None)
            return cursor.fetch_arrow_table()

    def append(self, table: str, frame: pd.DataFrame) -> None:
        """COPY the frame into `schema.table`, columns by name."""
        schema, name = table.split(".")
        if frame.empty:
            return
        with _errors_of(f"COPY {table}"), self._connection.cursor() as cursor:
            cursor.adbc_ingest(name, _to_arrow(frame), mode="append", db_schema_name=schema)

    def stage(self, name: str, frame: pd.DataFrame) -> None:
        """COPY the frame into a temporary table of that name, replacing an earlier one."""
        with _errors_of(f"COPY {name}"), self._connection.cursor() as cursor:
            cursor.adbc_ingest(name, _to_arrow(frame), mode="replace", temporary=True)


class Connection:
    """An open connection: any number of transactions, one after the other."""

    def __init__(self, connection: adbc.Connection) -> None:
        self._connection = connection

    @contextmanager
    def transaction(self, *, commit: bool = True) -> Iterator[Transaction]:
        """Commit when the block ends well, roll back when it raises or `commit` is false.

        Raises:
            DatabaseError: a refused statement, or a commit nobody acknowledged (it may have
                happened: whatever runs here is safe to repeat).
        """
        try:
            yield Transaction(self._connection)
            with _errors_of("commit" if commit else "rollback"):
                self._connection.commit() if commit else self._connection.rollback()
        except BaseException:
            # The connection may be what failed: the error on its way says so better than a second.
            with suppress(adbc_driver_manager.Error):
                self._connection.rollback()
            raise


@dataclass(frozen=True)
class Database:
    """Where the tables are, and how long to wait for them."""

    url: str
    statement_timeout_seconds: float = 300
    lock_timeout_seconds: float = 30

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """Open a connection whose waits are bounded.

        Raises:
            DatabaseError: the server does not answer or does not let us in.
        """
        with _errors_of("connect"):
            connection = adbc.connect(
                make_url(self.url)
                .set(drivername="postgresql")
                .update_query_dict(_CONNECTION_OPTIONS)
                .render_as_string(hide_password=False)
            )
        try:
            opened = Connection(connection)
            with opened.transaction() as transaction:
                transaction.execute(
                    "operations/set_session",
                    f"{self.statement_timeout_seconds * 1000:.0f}",
                    f"{self.lock_timeout_seconds * 1000:.0f}",
                )
            yield opened
        finally:
            connection.close()

    @contextmanager
    def transaction(self, *, commit: bool = True) -> Iterator[Transaction]:
        """One transaction on a connection of its own."""
        with self.connect() as connection, connection.transaction(commit=commit) as transaction:
            yield transaction


@contextmanager
def _errors_of(what: str) -> Iterator[None]:
    try:
        yield
    except adbc_driver_manager.Error as error:
        # Only the server's own sentence: what follows repeats the statement and may show data.
        words = re.split(r"\n(?:LINE|DETAIL|HINT|CONTEXT|Query|\n)|\. SQLSTATE:", str(error))[0]
        raise DatabaseError(f"{what}: {' '.join(words.split())}", error.sqlstate) from error


def _to_pandas(table: pa.Table) -> pd.DataFrame:
    # JSON arrives as an extension type; its text is what rules and reports want.
    columns = [
        column.cast(pa.string()) if isinstance(column.type, pa.BaseExtensionType) else column
        for column in table.columns
    ]
    plain = pa.table(columns, names=table.column_names)
    frame: pd.DataFrame = plain.to_pandas(types_mapper=_PANDAS_TYPES.get, date_as_object=False)
    return frame


def _to_arrow(frame: pd.DataFrame) -> pa.Table:
    table = pa.Table.from_pandas(frame, preserve_index=False)
    fields = [
        field.with_type(pa.date32())
        if pa.types.is_timestamp(field.type) and field.type.tz is None
        else field
        for field in table.schema
    ]
    return table.cast(pa.schema(fields)).replace_schema_metadata(None)
