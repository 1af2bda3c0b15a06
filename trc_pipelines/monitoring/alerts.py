"""What people are told: written in the transaction of what it tells, sent later by the outbox."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from trc_pipelines.database.connection import Transaction

REMIND_AFTER = timedelta(hours=6)
# A condition that comes and goes is one incident: it is over once it has stayed away this long.
QUIET = timedelta(minutes=15)

# What a job shows whatever is wrong with it. People are told of it only where no other open incident of
# that job explains it: a quarantine, a refusal, a block; and of one that fails, not that it is late.
EXPLAINED_BY_OTHERS = ("failing", "stale")

Severity = Literal["info", "warning", "error", "critical"]


@dataclass(frozen=True)
class Condition:
    """Something that is wrong now; `kind` and `subject` say whether it is the same as before."""

    kind: str
    subject: str
    severity: Severity
    message: str


@dataclass(frozen=True)
class News:
    """One message; the same `dedupe_key` is sent once.

    Attributes:
        is_for_people: not only for Sentry.
        failures: the exceptions behind it, as `failures.find_failures` gives them.
    """

    dedupe_key: str
    severity: Severity
    title: str
    body: str
    tags: dict[str, str] = field(default_factory=dict)
    is_for_people: bool = True
    failures: Sequence[Mapping[str, Any]] = ()


def tell(transaction: Transaction, news: News, now: datetime) -> None:
    """Put a message into the outbox, unless it was told before."""
    transaction.execute(
        "monitoring/insert_alert",
        dedupe_key=news.dedupe_key,
        severity=news.severity,
        title=news.title,
        body=news.body,
        tags=json.dumps(news.tags),
        is_for_people=news.is_for_people,
        failures=json.dumps(news.failures) if news.failures else None,
        now=now,
    )


def report(transaction: Transaction, condition: Condition, now: datetime) -> None:
    """Open an incident and tell people, or note that an open one goes on."""
    incident = transaction.read_row(
        "monitoring/upsert_incident",
        kind=condition.kind,
        subject=condition.subject,
        severity=condition.severity,
        message=condition.message,
        now=now,
    )
    if incident and incident["is_new"]:
        _tell_of_incident(transaction, incident, "opened", condition.severity, now)


def reconcile(transaction: Transaction, conditions: list[Condition], now: datetime) -> None:
    """Compare what is wrong now with the open incidents: open, go on, remind, close.

    Args:
        conditions: all that is wrong, of every kind.
    """
    found = {(condition.kind, condition.subject) for condition in conditions}
    before = transaction.read_rows("monitoring/select_open_incidents")
    going_on = found | {(incident["kind"], incident["subject"]) for incident in before}
    for condition in conditions:
        if _is_explained(condition, going_on):
            transaction.execute(
                "monitoring/keep_incident", kind=condition.kind, subject=condition.subject, now=now
            )
        else:
            report(transaction, condition, now)
    for incident in transaction.read_rows(
        "monitoring/remind_of_incidents", until=now - REMIND_AFTER, now=now
    ):
        moment = f"reminder {incident['reminded_at']:%Y-%m-%dT%H:%M}"
        _tell_of_incident(transaction, incident, moment, incident["severity"], now)
    for incident in transaction.read_rows("monitoring/close_incidents", until=now - QUIET, now=now):
        _tell_of_incident(transaction, incident, "over", "info", now)


def _is_explained(condition: Condition, going_on: set[tuple[str, str]]) -> bool:
    """Whether something else that goes on says why; one that is just over still does."""
    if condition.kind not in EXPLAINED_BY_OTHERS:
        return False
    lesser = EXPLAINED_BY_OTHERS[EXPLAINED_BY_OTHERS.index(condition.kind) :]
    return any(subject == condition.subject and kind not in lesser for kind, subject in going_on)


def _tell_of_incident(
    transaction: Transaction,
    incident: dict[str, Any],
    moment: str,
    severity: Severity,
    now: datetime,
) -> None:
    since = f"since {incident['opened_at']:%Y-%m-%d %H:%M} UTC"
    words = {"opened": "", "over": "Over: "}.get(moment, "Still: ")
    was = "Nothing is left to do. What was wrong: " if moment == "over" else ""
    tell(
        transaction,
        News(
            f"incident:{incident['incident_id']}:{moment}",
            severity,
            f"{words}{incident['subject']} {incident['kind']}",
            f"{was}{incident['message']} ({since})",
            {"kind": str(incident["kind"]), "subject": str(incident["subject"])},
        ),
        now,
    )
