"""PgBouncer in front of a server, lending sessions by transaction."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2
from psycopg2.extras import RealDictCursor
from sqlalchemy.engine import make_url

# Debian keeps it where only root looks.
PROGRAM = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
SESSIONS = 3


@contextmanager
def pool(url: str) -> Iterator[str]:
    """Run one for the database and login of a URL, with few sessions; the URL of the same behind it."""
    target = make_url(url)
    folder = Path(tempfile.mkdtemp(prefix="pb"))
    folder.chmod(0o777)
    (folder / "users").write_text(f'"{target.username}" ""\n')
    (folder / "ini").write_text(
        f"""\
[databases]
* = host={target.query["host"]}
[pgbouncer]
pool_mode = transaction
default_pool_size = {SESSIONS}
unix_socket_dir = {folder}
listen_port = 6432
auth_type = trust
auth_file = {folder / "users"}
stats_users = {target.username}
"""
    )
    # It refuses to run as root. Into the folder of the server's socket its owner may look.
    owner = os.stat(str(target.query["host"])).st_uid
    as_owner = {"user": owner} if os.geteuid() == 0 else {}
    running = subprocess.Popen([str(PROGRAM), "-q", str(folder / "ini")], **as_owner)
    try:
        while not (folder / ".s.PGSQL.6432").exists():
            assert running.poll() is None, "PgBouncer ended"
            time.sleep(0.05)
        behind = target.update_query_dict({"host": str(folder), "port": "6432"})
        yield behind.render_as_string(hide_password=False)
    finally:
        running.terminate()
        running.wait(10)
        shutil.rmtree(folder)


def count_lent(url: str, database: str) -> int:
    """How many transactions the pool behind a URL has lent a session to."""
    console = make_url(url).set(database="pgbouncer").render_as_string(hide_password=False)
    connection = psycopg2.connect(console, cursor_factory=RealDictCursor)
    connection.autocommit = True  # it knows no transactions
    with connection.cursor() as cursor:
        cursor.execute("SHOW STATS")
        counted = {row["database"]: row["total_xact_count"] for row in cursor.fetchall()}
    connection.close()
    return int(counted.get(database, 0))
