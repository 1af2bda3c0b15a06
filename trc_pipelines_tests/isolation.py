"""Tests know nothing of the person's machine: neither its environment nor its files reach them.

Importing this module is enough. conftest.py does it first, so that processes that tests start
inherit an environment as bare as their own.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from trc_pipelines.settings import Settings

# What libraries read on their own: libpq, Dagster, boto, fsspec, Sentry's SDK.
PREFIXES = ("AWS_", "DAGSTER_", "FSSPEC_", "PG", "SENTRY_", "TRC_")
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


def belongs_to_the_person(variable: str) -> bool:
    """Whether the product or a library would be told something by this environment variable."""
    name = variable.upper()  # settings are read whatever the case
    return name.lower() in Settings.model_fields or name.startswith(PREFIXES) or name in PROXIES


def isolate() -> Path:
    """Forget what the environment says and where the person's files are; a folder instead."""
    for variable in [*filter(belongs_to_the_person, os.environ)]:
        del os.environ[variable]
    folder = Path(tempfile.mkdtemp(prefix="trc", dir=_in_memory()))
    # Under root, PostgreSQL runs as a user of its own.
    folder.chmod(0o755)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    # Without TRC_HOME the settings.env of this checkout would be read, which `make run` writes.
    os.environ["TRC_HOME"] = str(folder / "home")
    # ~/.aws, ~/.pgpass, ~/.netrc, ~/.config
    os.environ["HOME"] = str(folder)
    # Homes, Dagster's own databases, servers of a test: in memory a commit waits for no disk. Workers share
    # it: a lock in there has embedded servers started one after the other.
    if "PYTEST_XDIST_WORKER" not in os.environ:
        tempfile.tempdir = os.environ["TMPDIR"] = str(folder / "tmp")
        (folder / "tmp").mkdir()
        (folder / "tmp").chmod(0o1777)
    return folder


def _in_memory() -> str | None:
    """Where Linux keeps files in memory, if there is room: databases are made there in no time."""
    memory = "/dev/shm"
    return memory if os.path.isdir(memory) and shutil.disk_usage(memory).free > 4e9 else None


FOLDER = isolate()
