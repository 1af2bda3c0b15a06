"""One daemon for an installation, on whatever host: two would fire every tick twice.

The database knows of it, by a lock of a session that lives as long as the daemon does.
"""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from trc_pipelines.cli.services import ServiceError
from trc_pipelines.database.connection import Connection, Database, DatabaseError

LOOK_EVERY_SECONDS = 5.0


@dataclass
class SoleDaemon:
    """The right to run the daemon, which ends with the session that took it."""

    connection: Connection
    looks_at: float = 0
    is_lost: bool = False

    def take(self) -> None:
        """Take the right. Who has it already keeps it.

        Raises:
            ServiceError: another has it.
        """
        with self.connection.between_transactions() as statements:
            if not statements.read_value("jobs/take_daemon_lock"):
                holder = statements.read_value("jobs/select_daemon_holder")
                raise ServiceError(
                    f"the schedules of this database are fired by another: {holder or 'just gone'}; "
                    "stop that trc first. If its host is gone, the server knows within a minute"
                )

    def check(self) -> None:
        """Make sure every few seconds that the right stands, and take it again when its session was lost.

        While the database is away nobody knows, and no tick is fired either.

        Raises:
            ServiceError: another took it meanwhile.
        """
        if time.monotonic() < self.looks_at:
            return
        self.looks_at = time.monotonic() + LOOK_EVERY_SECONDS
        try:
            if self.is_lost:
                self.connection.reconnect()
            self.take()
            self.is_lost = False
        except DatabaseError as error:
            if not error.is_transient:
                raise
            self.is_lost = True


@contextmanager
def be_the_sole_daemon(database: Database) -> Iterator[SoleDaemon]:
    """Take the right to run the daemon until the block ends.

    Raises:
        ServiceError: another has it, on this host or on another.
    """
    name = f"trc daemon on {socket.gethostname()}, process {os.getpid()}"
    with replace(database.direct, application_name=name[:63]).connect() as connection:
        daemon = SoleDaemon(connection)
        daemon.take()
        yield daemon
