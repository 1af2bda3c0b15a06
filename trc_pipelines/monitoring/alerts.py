"""Conditions become incidents, and incidents alerts: written in one transaction, sent later by the outbox."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from trc_pipelines.database.connection import Transaction

REMIND_AFTER = timedelta(hours=6)
# A condition that comes and goes is one incident: it is over once it has stayed away this long.
QUIET = timedelta(minutes=15)

# What a job shows whatever is wrong with it. People are alerted to it only where no other open incident
# of that job explains it, such as a quarantine, a refusal or a block. One that fails explains that it is
# late.
EXPLAINED_BY_OTHERS = ("failing", "stale")

Severity = Literal["info", "warning", "error", "critical"]


@dataclass(frozen=True)
class Condition:
    """Something that is wrong now. `kind` and `subject` say whether it is the same as before."""

    kind: str
    subject: str
    severity: Severity
    message: str


@dataclass(frozen=True)
class Alert:
    """One message. The same `dedupe_key` is sent once.

    Attributes:
        is_for_people: not only for Sentry.
        is_for_community: for the community alone, and for nobody who operates anything.
        image: a PNG that goes with it.
        failures: the exceptions behind it, as `failures.find_failures` gives them.
    """

    dedupe_key: str
    severity: Severity
    title: str
    body: str
    tags: dict[str, str] = field(default_factory=dict)
    is_for_people: bool = True
    failures: Sequence[Mapping[str, Any]] = ()
    is_for_community: bool = False
    image: bytes | None = None


def enqueue_alert(transaction: Transaction, alert: Alert, now: datetime) -> None:
    """Put an alert into the outbox, unless it was put there before."""
    transaction.execute(
        "monitoring/insert_alert",
        dedupe_key=alert.dedupe_key,
        severity=alert.severity,
        title=alert.title,
        body=alert.body,
        tags=json.dumps(alert.tags),
        is_for_people=alert.is_for_people,
        failures=json.dumps(alert.failures) if alert.failures else None,
        is_for_community=alert.is_for_community,
        image=alert.image,
        now=now,
    )


def report(transaction: Transaction, condition: Condition, now: datetime) -> None:
    """Open an incident and alert people, or note that an open one goes on."""
    incident = transaction.read_row(
        "monitoring/upsert_incident",
        kind=condition.kind,
        subject=condition.subject,
        severity=condition.severity,
        message=condition.message,
        now=now,
    )
    if incident and incident["is_new"]:
        _alert_of_incident(transaction, incident, "opened", condition.severity, now)


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
        _alert_of_incident(transaction, incident, moment, incident["severity"], now)
    for incident in transaction.read_rows("monitoring/close_incidents", until=now - QUIET, now=now):
        _alert_of_incident(transaction, incident, "over", "info", now)


def _is_explained(condition: Condition, going_on: set[tuple[str, str]]) -> bool:
    """Check whether something else explains it that goes on, or is just over."""
    if condition.kind not in EXPLAINED_BY_OTHERS:
        return False
    lesser = EXPLAINED_BY_OTHERS[EXPLAINED_BY_OTHERS.index(condition.kind) :]
    return any(subject == condition.subject and kind not in lesser for kind, subject in going_on)


def _alert_of_incident(
    transaction: Transaction,
    incident: dict[str, Any],
    moment: str,
    severity: Severity,
    now: datetime,
) -> None:
    since = f"since {incident['opened_at']:%Y-%m-%d %H:%M} UTC"
    words = {"opened": "", "over": "Over: "}.get(moment, "Still: ")
    was = "Nothing is left to do. What was wrong: " if moment == "over" else ""
    enqueue_alert(
        transaction,
        Alert(
            f"incident:{incident['incident_id']}:{moment}",
            severity,
            f"{words}{incident['subject']} {incident['kind']}",
            f"{was}{incident['message']} ({since})",
            {"kind": str(incident["kind"]), "subject": str(incident["subject"])},
        ),
        now,
    )
