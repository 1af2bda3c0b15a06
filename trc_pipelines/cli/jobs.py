"""`trc jobs`: every job, when it last succeeded and runs next, and whether anything will start it.

People look often, and the libraries of the jobs take longer to load than all the rest. So what the jobs
declare is kept in TRC_HOME until the code or a setting changes, and the database is asked without them.
"""

import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg2
from cronsim import CronSim
from psycopg2.extensions import make_dsn, parse_dsn

from trc_pipelines.cli.output import print_columns, say
from trc_pipelines.database.statements import load_statement
from trc_pipelines.settings import Settings, load_settings

PACKAGE = Path(__file__).resolve().parent.parent
CONNECT_SECONDS = 5
# The daemon sends a heartbeat every half minute.
SILENT_AFTER_SECONDS = 120.0


def find_jobs() -> tuple[list[dict[str, Any]], bool]:
    """Find the jobs, and whether a daemon is there that starts them."""
    settings = load_settings()
    try:
        with _open_database(settings) as url:
            successes, is_started = _ask(settings, url)
    except psycopg2.Error:
        # It is not there yet, or its schema is not: the long way mends it, or says what to do.
        from trc_pipelines.cli.installation import open_installation, require_schema

        with open_installation() as installation:
            require_schema(installation)
            successes, is_started = _ask(installation.settings, installation.database.url)
    now = datetime.now(UTC)
    jobs = [
        {
            **job,
            "last_success": successes.get(job["job"]),
            "next_run": next(CronSim(job["cadence"], now))
            if job["cadence"] and job["is_enabled"]
            else None,
        }
        for job in read_declared(settings)
    ]
    return jobs, is_started


@contextmanager
def _open_database(settings: Settings) -> Iterator[str]:
    """Find our database, whose embedded server runs meanwhile, without what an installation loads.

    Raises:
        psycopg2.Error: there is none, or its server does not start.
    """
    if settings.database_url is not None:
        yield settings.database_url
        return
    from trc_pipelines.database.embedded import (
        EmbeddedServerError,
        find_embedded_server,
        start_embedded_server,
        stop_embedded_server,
    )

    folder = settings.trc_home / "postgres"
    if not (folder / "PG_VERSION").exists():
        raise psycopg2.OperationalError("no embedded server was made yet")
    try:
        start_embedded_server(folder)
    except EmbeddedServerError as error:
        raise psycopg2.OperationalError(str(error)) from error
    try:
        url = find_embedded_server(folder, "trc")
        if url is None:
            raise psycopg2.OperationalError("the embedded server has just stopped")
        yield url
    finally:
        stop_embedded_server(folder)


def _ask(settings: Settings, url: str) -> tuple[dict[str, datetime], bool]:
    """Ask when each job last succeeded, and whether the scheduler was heard of lately.

    Raises:
        psycopg2.Error: our database does not answer as it should.
    """
    ours = parse_dsn(f"postgresql:{url.partition(':')[2]}")
    theirs = ours | {"dbname": f"{ours['dbname']}_dagster"}
    if other := settings.dagster_database_url:
        theirs = parse_dsn(f"postgresql:{other.partition(':')[2]}")
    successes = _read(ours, "cli/select_last_successes")
    try:
        heard = dict(_read(theirs, "cli/select_daemon_heartbeats"))
    except psycopg2.Error:
        heard = {}  # it never ran
    age = time.time() - heard.get("SCHEDULER", 0.0)
    return dict(successes), age < SILENT_AFTER_SECONDS


def _read(dsn: dict[str, str], statement: str) -> list[tuple[Any, ...]]:
    dsn = {"connect_timeout": str(CONNECT_SECONDS), **dsn}
    with closing(psycopg2.connect(make_dsn(**dsn))) as connection, connection.cursor() as cursor:
        cursor.execute("SET TIME ZONE 'UTC'")
        cursor.execute(load_statement(statement).text)
        return list(cursor.fetchall())


def read_declared(settings: Settings) -> list[dict[str, Any]]:
    """Read what the jobs declare, as kept, or from the code when it or a setting has changed."""
    kept = settings.trc_home / "jobs.json"
    newest = max(path.stat().st_mtime_ns for path in PACKAGE.rglob("*.py"))
    key = hashlib.sha256(f"{newest} {settings.model_dump_json()}".encode()).hexdigest()
    try:
        found = json.loads(kept.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        found = {}
    if found.get("key") != key:
        found = {"key": key, "jobs": _declare(settings)}
        kept.write_text(json.dumps(found), encoding="utf-8")
    return list(found["jobs"])


def _declare(settings: Settings) -> list[dict[str, Any]]:
    from trc_pipelines.domains import read_catalogue

    return [
        {
            "job": job.name,
            "cadence": job.cron,
            "is_enabled": job.is_enabled(settings),
            "description": job.description,
        }
        for job in read_catalogue(settings).jobs
    ]


def show_jobs(jobs: list[dict[str, Any]], *, is_started: bool) -> None:
    """Print the jobs, narrow enough for half a screen."""
    now = datetime.now(UTC)
    rows = [
        [
            job["job"],
            job["cadence"] or "when asked",
            _short(job["last_success"], now) or "never",
            _short(job["next_run"], now) or ("–" if job["is_enabled"] else "off"),
        ]
        for job in jobs
    ]
    print_columns(
        "Jobs (times in UTC; off: switched off by settings)",
        [["job", "cadence", "succeeded", "next run"], *rows],
    )
    if not is_started:
        say("Nothing starts them: no daemon is running. Start it: trc up")


def _short(moment: datetime | None, now: datetime) -> str | None:
    """Write a time of today, or another day, as ls does it."""
    if moment is None:
        return None
    return f"{moment:%H:%M}" if moment.date() == now.date() else f"{moment:%d %b}"
