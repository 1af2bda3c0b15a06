"""Whatever the machine says, tests neither hear nor touch it."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from trc_pipelines.settings import PROJECT_ROOT, Settings

# Every way in and out: the commands, a sync, Dagster in this process, channels, media, the cache.
SLICE = [
    "cli/test_main.py::test_a_run_leaves_its_row_and_its_run_in_dagster",
    "community/test_main_flow.py::test_awards_of_the_app_flow_into_the_ledger_once",
    "jobs/test_orchestration.py::test_a_sync_job_materialises_all_its_tables",
    "monitoring/test_channels.py::test_help_does_not_wait_for_what_it_does_not_need",
    "betting/test_media.py::test_addresses_of_the_bucket_itself_are_ours",
    "betting/test_media.py::test_a_photo_nobody_needs_goes_and_a_thumbnail_that_a_row_needs_stays",
    "betting/test_media.py::test_lists_in_settings",
    "leaderboards/test_cache.py::test_boards_are_published_as_the_database_has_them",
]

LAUNCHERS = PROJECT_ROOT / "trc_pipelines" / "launchers"
# The library of the one is an extra, which tests do without. The other is read by a worker that starts.
NOT_FOR_ALL = {LAUNCHERS / "containers.py", LAUNCHERS / "worker.py"}


class Listener:
    """A server that must not be asked anything; counts who did."""

    def __init__(self) -> None:
        self.connections = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._count, daemon=True).start()

    def _count(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            connection.close()

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    running = Listener()
    yield running
    running.close()


def hostile_environment(address: str, home: Path) -> dict[str, str]:
    """Every setting says something that must not be followed, in the environment and in files."""
    host, port = address.split(":")
    settings = {name.upper(): "no such value" for name in Settings.model_fields} | {
        "TRC_HOME": str(home),
        "DATABASE_URL": f"postgresql://app:secret@{address}/app",
        "DAGSTER_DATABASE_URL": f"postgresql://app:secret@{address}/dagster",
        "COMMUNITY_START_ON": "2031-01-01",
        "MEE6_GUILD_ID": "7",
        "MEE6_BASE_URL": f"http://{address}",
        "MEDIA_URL": str(home / "media"),
        "MEDIA_ENDPOINT_URL": f"http://{address}",
        "MEDIA_MAX_ORPHAN_SHARE": "1",
        "REDIS_URL": f"redis://{address}/0",
        "SENTRY_DSN": f"http://key@{address}/1",
        "ALERT_URLS": f"json://{address}",
    }
    (home / "media" / "posts").mkdir(parents=True)
    (home / "media" / "posts" / "canary.jpg").write_text("alive")
    (home / "settings.env").write_text(
        "".join(f"{name}={value}\n" for name, value in settings.items())
    )
    (home / "dagster.yaml").write_text("storage: nonsense\n")
    (home / ".pg_service.conf").write_text(f"[app]\nhost={host}\nport={port}\n")
    return settings | {
        "HOME": str(home),
        "DAGSTER_HOME": str(home),
        "PGHOST": host,
        "PGPORT": port,
        "PGSERVICE": "app",
        "AWS_ENDPOINT_URL": f"http://{address}",
        "AWS_ACCESS_KEY_ID": "canary",
        "AWS_SECRET_ACCESS_KEY": "canary",
        "http_proxy": f"http://{address}",
        "HTTPS_PROXY": f"http://{address}",
        "database_url": f"postgresql://app:secret@{address}/lower",
    }


def contents(folder: Path) -> dict[str, tuple[int, str]]:
    """Every file below, with when it was written and what is in it."""
    return {
        str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_text())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_with_every_setting_hostile_tests_pass_and_touch_nothing(
    listener: Listener, tmp_path: Path
) -> None:
    hostile = hostile_environment(listener.address, tmp_path)
    before = contents(tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider"]
        + [f"trc_pipelines_tests/{each}" for each in SLICE],
        cwd=PROJECT_ROOT,
        env={"PATH": os.environ["PATH"]} | hostile,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]
    assert listener.connections == 0
    assert contents(tmp_path) == before


def test_reading_the_code_reads_no_settings(tmp_path: Path) -> None:
    """They are read when something runs: so a wrong one is an error of its own, not a traceback."""
    modules = [
        str(path.relative_to(PROJECT_ROOT).with_suffix("")).replace("/", ".")
        for path in sorted((PROJECT_ROOT / "trc_pipelines").rglob("*.py"))
        if path.name != "__init__.py" and path.parent.name != "alembic"
        if path not in NOT_FOR_ALL
    ]
    done = subprocess.run(
        [sys.executable, "-c", f"import importlib; [*map(importlib.import_module, {modules})]"],
        cwd=PROJECT_ROOT,
        env={"PATH": os.environ["PATH"]} | hostile_environment("127.0.0.1:1", tmp_path),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
