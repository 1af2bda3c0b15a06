"""One embedded PostgreSQL for a whole run, and a migrated database for each measurement."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from sqlalchemy.engine import make_url

from trc_pipelines.database.embedded import start_embedded_server, stop_embedded_server
from trc_pipelines.database.migrations import create_engine, ensure_database, migrate

TEMPLATE = "bench_template"


class Server:
    """A running server, as the embedded default sets it up: nothing is tuned for measuring."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._numbers = count(1)
        ensure_database(self._url_of(TEMPLATE))
        migrate(self._url_of(TEMPLATE))

    @contextmanager
    def database(self, template: str = TEMPLATE) -> Iterator[str]:
        """Make a database, migrated or a copy of another, give its URL, and drop it afterwards."""
        name = f"bench_{next(self._numbers)}"
        execute(self._url, f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield self._url_of(name)
        finally:
            execute(self._url, f"DROP DATABASE {name} WITH (FORCE)")

    def _url_of(self, name: str) -> str:
        return make_url(self._url).set(database=name).render_as_string(hide_password=False)


@contextmanager
def run_server() -> Iterator[Server]:
    """Start a server in a temporary folder, and stop and remove it afterwards."""
    with tempfile.TemporaryDirectory(prefix="trc_bench_") as folder:
        # The server runs as a user of its own when the bench runs as root.
        Path(folder).chmod(0o755)
        data = Path(folder) / "postgres"
        try:
            yield Server(start_embedded_server(data))
        finally:
            stop_embedded_server(data)


def execute(url: str, *statements: str) -> None:
    """Run statements, each in a transaction of its own."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement, execution_options={"no_parameters": True})
    finally:
        engine.dispose()


def scalar(url: str, query: str) -> int:
    """Read the one integer that a query gives."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return int(connection.exec_driver_sql(query).scalar_one())
    finally:
        engine.dispose()
