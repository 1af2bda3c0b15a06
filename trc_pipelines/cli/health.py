"""Whether an installation is well, for a supervisor or a container's probe: looks, and starts nothing.

Dagster is not imported here, and no more than a few seconds are waited: who probes does so often.
"""

import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from trc_pipelines.database.connection import Database, DatabaseError
from trc_pipelines.database.embedded import find_embedded_server
from trc_pipelines.database.locate import DATABASE_NAME, locate_dagster_database
from trc_pipelines.database.migrations import MigrationError, pending_migrations
from trc_pipelines.settings import Settings

DEADLINE_SECONDS = 8.0
STATEMENT_SECONDS = 3.0
# Its parts send a heartbeat every half minute.
DAEMON_SILENT_AFTER_SECONDS = 120.0
DAEMON_PARTS = ("QUEUED_RUN_COORDINATOR", "SCHEDULER", "SENSOR")
# Other incidents wait for a person: a restart would not help.
LATE = ("stale", "failing")
PARTS = ("database", "schema", "jobs", "outbox", "daemon")


@dataclass(frozen=True)
class Finding:
    """One part of the installation: whether it is well, and what was seen."""

    part: str
    is_well: bool
    message: str


def probe(settings: Settings, deadline_seconds: float = DEADLINE_SECONDS) -> list[Finding]:
    """Look at the parts in order, up to one that gives no answer in time."""
    found: list[Finding] = []
    # A thread, because a server that accepts and does not answer blocks its caller in C.
    looking = threading.Thread(target=_look, args=(settings, found), name="health", daemon=True)
    looking.start()
    looking.join(deadline_seconds)
    seen = list(found)
    if looking.is_alive():
        part = _next_part(seen)
        seen.append(Finding(part, is_well=False, message=f"no answer in {deadline_seconds:g} s"))
    return seen


def _look(settings: Settings, found: list[Finding]) -> None:
    url = settings.database_url or find_embedded_server(
        settings.trc_home / "postgres", DATABASE_NAME
    )
    if url is None:
        found.append(
            Finding("database", is_well=False, message="the embedded server is not running")
        )
        return
    database = Database(url, STATEMENT_SECONDS, STATEMENT_SECONDS)
    try:
        _look_at_ours(settings, database, found)
        _look_at_daemon(locate_dagster_database(settings, database), found)
    except (DatabaseError, MigrationError) as error:
        message = " ".join(str(error).split())
        found.append(Finding(_next_part(found), is_well=False, message=message))


def _next_part(found: list[Finding]) -> str:
    """Name the part being looked at: they are in order, and each needs those before it."""
    return PARTS[min(len(found), len(PARTS) - 1)]


def _look_at_ours(settings: Settings, database: Database, found: list[Finding]) -> None:
    with database.transaction(commit=False) as transaction:
        found.append(Finding("database", is_well=True, message="answers"))
        pending = pending_migrations(database.url, settings.domains)
        message = f"{pending[0]} is not applied: trc db migrate" if pending else "is current"
        found.append(Finding("schema", is_well=not pending, message=message))
        if pending:
            return
        incidents = transaction.read_rows("monitoring/select_open_incidents")
        wrong = [f"{i['subject']} {i['kind']}" for i in incidents if i["kind"] in LATE]
        message = ", ".join(wrong) or "none is stale or failing"
        found.append(Finding("jobs", is_well=not wrong, message=message))
        stuck = transaction.read_value(
            "cli/count_stuck_alerts",
            now=datetime.now(UTC),
            is_for_people=bool(settings.alert_urls),
            is_for_everything=settings.sentry_dsn is not None,
        )
        message = f"{stuck} alerts are not delivered" if stuck else "nothing waits"
        found.append(Finding("outbox", is_well=not stuck, message=message))


def _look_at_daemon(dagster_url: str, found: list[Finding]) -> None:
    database = Database(dagster_url, STATEMENT_SECONDS, STATEMENT_SECONDS)
    with database.transaction(commit=False) as transaction:
        heard = transaction.read_rows("cli/select_daemon_heartbeats")
    ages = {row["daemon_type"]: time.time() - row["heard_at"] for row in heard}
    silent = [
        part for part in DAEMON_PARTS if ages.get(part, float("inf")) > DAEMON_SILENT_AFTER_SECONDS
    ]
    message = f"nothing heard of {', '.join(silent)}" if silent else "sends heartbeats"
    found.append(Finding("daemon", is_well=not silent, message=message))
