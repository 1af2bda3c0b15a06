"""Whether an installation is well, for a supervisor or a container's probe: looks, and starts nothing.

Dagster is not imported here, and no more than a few seconds are waited: who probes does so often.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from trc_pipelines.database.connection import Database, DatabaseError, Transaction
from trc_pipelines.database.embedded import find_embedded_server
from trc_pipelines.database.locate import DATABASE_NAME, locate_dagster_database
from trc_pipelines.database.migrations import MigrationError, pending_migrations
from trc_pipelines.settings import Settings
from trc_pipelines.words import counted

DEADLINE_SECONDS = 8.0
STATEMENT_SECONDS = 3.0
# Its parts send a heartbeat every half minute.
DAEMON_SILENT_AFTER_SECONDS = 120.0
DAEMON_PARTS = ("QUEUED_RUN_COORDINATOR", "SCHEDULER", "SENSOR")
# Other incidents wait for a person: a restart would not help.
LATE = ("stale", "failing")


@dataclass(frozen=True)
class Finding:
    """One part of the installation: whether it is well, what was seen, and the same for machines."""

    part: str
    is_well: bool
    message: str
    figures: Mapping[str, Any] = field(default_factory=dict)


# Looks at one part in our database, of the name it is registered by.
Look = Callable[[str, Transaction, Settings], Finding]


def look_at_jobs(part: str, transaction: Transaction, _settings: Settings) -> Finding:
    """Whether a job is late or fails again and again, as the health sensor has found."""
    incidents = transaction.read_rows("monitoring/select_open_incidents")
    wrong = {
        kind: sorted(each["subject"] for each in incidents if each["kind"] == kind) for kind in LATE
    }
    said = [f"{subject} {kind}" for kind, subjects in wrong.items() for subject in subjects]
    return Finding(part, not said, ", ".join(said) or "none is stale or failing", wrong)


def look_at_outbox(part: str, transaction: Transaction, settings: Settings) -> Finding:
    """Whether alerts wait that should have been delivered."""
    stuck = transaction.read_value(
        "cli/count_stuck_alerts",
        now=datetime.now(UTC),
        is_for_people=bool(settings.alert_urls),
        is_for_everything=settings.sentry_dsn is not None,
    )
    said = f"not delivered: {counted(stuck, 'alerts')}" if stuck else "nothing waits"
    return Finding(part, not stuck, said, {"undelivered": stuck})


# In the order in which they are looked at, each after the database and its schema.
LOOKS: Mapping[str, Look] = {"jobs": look_at_jobs, "outbox": look_at_outbox}
PARTS = ("database", "schema", *LOOKS, "daemon")


def probe(
    settings: Settings,
    deadline_seconds: float = DEADLINE_SECONDS,
    looks: Mapping[str, Look] = LOOKS,
    *,
    of_worker: bool = False,
) -> list[Finding]:
    """Look at the parts in order, up to one that gives no answer in time.

    Args:
        of_worker: at what a worker needs, the database and its schema. The rest is mended elsewhere.
    """
    found: list[Finding] = []
    looks = {} if of_worker else looks
    # A thread, because a server that accepts and does not answer blocks its caller in C.
    looking = threading.Thread(
        target=_look, args=(settings, looks, found, of_worker), name="health", daemon=True
    )
    looking.start()
    looking.join(deadline_seconds)
    seen = list(found)
    if looking.is_alive():
        part = _next_part(seen, looks)
        seen.append(Finding(part, is_well=False, message=f"no answer in {deadline_seconds:g} s"))
    return seen


def describe(findings: list[Finding]) -> dict[str, Any]:
    """Give findings as machines read them, by their parts."""
    parts = {
        one.part: {"well": one.is_well, "message": one.message, **one.figures} for one in findings
    }
    return {"well": all(one.is_well for one in findings), "parts": parts}


def _look(
    settings: Settings, looks: Mapping[str, Look], found: list[Finding], of_worker: bool
) -> None:
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
        _look_at_ours(settings, database, looks, found)
        if not of_worker:
            found.append(look_at_daemon(locate_dagster_database(settings, database)))
    except (DatabaseError, MigrationError) as error:
        message = " ".join(str(error).split())
        found.append(Finding(_next_part(found, looks), is_well=False, message=message))


def _next_part(found: list[Finding], looks: Mapping[str, Look]) -> str:
    """Name the part being looked at: they are in order, and each needs those before it."""
    parts = ("database", "schema", *looks, "daemon")
    return parts[min(len(found), len(parts) - 1)]


def _look_at_ours(
    settings: Settings, database: Database, looks: Mapping[str, Look], found: list[Finding]
) -> None:
    with database.transaction(commit=False) as transaction:
        found.append(Finding("database", is_well=True, message="answers"))
        pending = pending_migrations(database.url, settings.domains)
        message = f"{pending[0]} is not applied: trc db migrate" if pending else "is current"
        found.append(Finding("schema", is_well=not pending, message=message))
        if pending:
            return
        for part, look in looks.items():
            found.append(look(part, transaction, settings))


def look_at_daemon(dagster_url: str) -> Finding:
    """Whether Dagster's daemon, which starts the jobs, was heard of lately.

    Raises:
        DatabaseError: its database does not answer, or there is none.
    """
    database = Database(dagster_url, STATEMENT_SECONDS, STATEMENT_SECONDS)
    with database.transaction(commit=False) as transaction:
        heard = transaction.read_rows("cli/select_daemon_heartbeats")
    ages = {row["daemon_type"]: round(time.time() - row["heard_at"]) for row in heard}
    silent = [
        part for part in DAEMON_PARTS if ages.get(part, float("inf")) > DAEMON_SILENT_AFTER_SECONDS
    ]
    message = f"nothing heard of {', '.join(silent)}" if silent else "sends heartbeats"
    seconds = {part: ages.get(part) for part in DAEMON_PARTS}
    return Finding("daemon", not silent, message, {"seconds_since_heartbeat": seconds})
