"""Servers that all workers of a test run share; databases are made and dropped on them."""

import fcntl
import os
import signal
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import make_url

from trc_pipelines.database.embedded import (
    SERVER_SETTINGS,
    start_embedded_server,
    stop_embedded_server,
)
from trc_pipelines.database.migrations import create_engine, ensure_database, migrate

POSTGRES_VERSIONS = [18, 16]
TEMPLATE = "migrated"
# Nothing here survives the run, so nothing need reach the disk; what happens to data when a server is
# killed is tested on servers of their own. Daemons and eight sessions a worker share one server.
SETTINGS = f"""\
{SERVER_SETTINGS}\
fsync = off
synchronous_commit = off
full_page_writes = off
autovacuum = off
max_connections = 300
max_wal_size = '512MB'
"""


class Servers(dict[int, str]):
    """URLs by major version; a server is started, or joined, when somebody asks for it."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        folder.mkdir(exist_ok=True)

    def __missing__(self, version: int) -> str:
        url = start_embedded_server(self.folder / str(version), version, SETTINGS)
        once(self.folder / f"{version}.migrated", lambda: _make_template(url))
        self[version] = url
        return url

    def __enter__(self) -> "Servers":
        return self

    def __exit__(self, *_: object) -> None:
        for version in self:
            stop_embedded_server(self.folder / str(version))


def once(mark: Path, make: Callable[[], object]) -> None:
    """Do what no other worker of this run has done; meanwhile the others wait."""
    with mark.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not mark.exists():
            make()
            mark.touch()


def _make_template(server_url: str) -> None:
    url = with_database(server_url, TEMPLATE)
    ensure_database(url)
    migrate(url)


def with_database(url: str, name: str) -> str:
    """The same server, another database."""
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def create_database(server_url: str, template: str = TEMPLATE, name: str | None = None) -> str:
    """A new database, copied from the migrated template; its URL."""
    name = name or f"test_{uuid.uuid4().hex[:12]}"
    # By files: half the work of the default, which writes every page into the log as well.
    _administer(server_url, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    return with_database(server_url, name)


def drop_database(url: str) -> None:
    """End whoever is still connected, and remove it: thousands would fill memory and disk."""
    _administer(url, f"DROP DATABASE IF EXISTS {make_url(url).database} WITH (FORCE)")


def end_servers(folder: Path) -> None:
    """End what a worker left that did not end as it should."""
    for started in folder.rglob("postmaster.pid"):
        with suppress(FileNotFoundError, ProcessLookupError):
            pid = int(started.read_text().split()[0])
            os.kill(pid, signal.SIGQUIT)
            while True:
                os.kill(pid, 0)
                time.sleep(0.05)


def _administer(server_url: str, statement: str) -> None:
    engine = create_engine(server_url, database="postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(statement))
    engine.dispose()
