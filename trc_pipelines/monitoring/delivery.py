"""The outbox of alerts: what is due is sent, marked, or tried again later. No job waits for it."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from trc_pipelines.database.connection import Database
from trc_pipelines.jobs.contract import Job
from trc_pipelines.jobs.orchestration import MAX_RUNTIME_SECONDS
from trc_pipelines.monitoring.channels import (
    Channel,
    DeliveryError,
    QueuedAlert,
    open_channels,
    send_check_in,
)
from trc_pipelines.settings import Settings
from trc_pipelines.words import counted

# The daemon ends a tick after a minute, whatever it does.
BUDGET_SECONDS = 40
MOST_AT_ONCE = 20
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=1)
# An alert that could not be delivered for three days is out of date.
GIVE_UP_AFTER = timedelta(days=3)
# A check-in says that a job ran now, which an old one would not.
CHECK_IN_WITHIN = timedelta(minutes=10)


@dataclass
class Delivered:
    """What a round of deliveries came to."""

    sent: int = 0
    failed: int = 0
    error: str = ""


def next_attempt(attempts: int, now: datetime) -> datetime:
    """Say when to try again after so many failures: in one minute, two, four … an hour."""
    return now + min(FIRST_WAIT * (1 << min(attempts - 1, 10)), LONGEST_WAIT)


def deliver_due(
    database: Database, channels: Sequence[Channel], now: datetime, budget: float = BUDGET_SECONDS
) -> Delivered:
    """Send what is due to each channel, oldest first.

    An attempt is noted before it is made: whoever dies in it leaves a wait and not a flood. A
    message may arrive twice when its acknowledgement is lost, but is never lost itself.
    """
    delivered = Delivered()
    give_up_at = time.monotonic() + budget
    for channel in channels:
        with database.transaction(commit=False) as transaction:
            due = transaction.read_rows(
                "monitoring/select_due_alerts",
                channel=channel.key,
                only_for_people=not (channel.is_for_everything or channel.is_for_community),
                is_for_community=channel.is_for_community,
                since=now - GIVE_UP_AFTER,
                now=now,
                most=MOST_AT_ONCE,
            )
        for row in due:
            if time.monotonic() > give_up_at:
                return delivered
            attempts = row.pop("attempts") + 1
            alert = QueuedAlert(
                **{
                    **row,
                    "tags": json.loads(row["tags"]),
                    "failures": json.loads(row["failures"] or "[]"),
                }
            )
            wait_until = next_attempt(attempts, now)
            with database.transaction() as transaction:
                transaction.execute(
                    "monitoring/claim_delivery",
                    alert_id=alert.alert_id,
                    channel=channel.key,
                    attempts=attempts,
                    next_attempt_at=wait_until,
                )
            try:
                channel.send(alert)
            except DeliveryError as error:
                delivered.failed += 1
                delivered.error = f"{channel.key}: {error}"
                _mark(database, alert, channel, None, wait_until, str(error))
                break  # the next would wait for the same channel in vain
            delivered.sent += 1
            _mark(database, alert, channel, datetime.now(UTC), None, None)
    return delivered


def _mark(
    database: Database,
    alert: QueuedAlert,
    channel: Channel,
    delivered_at: datetime | None,
    next_attempt_at: datetime | None,
    error: str | None,
) -> None:
    with database.transaction() as transaction:
        transaction.execute(
            "monitoring/mark_delivery",
            alert_id=alert.alert_id,
            channel=channel.key,
            delivered_at=delivered_at,
            next_attempt_at=next_attempt_at,
            error=error,
        )


def check_in(database: Database, settings: Settings, jobs: Sequence[Job], now: datetime) -> int:
    """Check in with Sentry for the newest scheduled execution of each job.

    Returns:
        How many check-ins were sent.

    Raises:
        DeliveryError: Sentry did not take one; the rest waits for the next round.
    """
    if settings.sentry_dsn is None:
        return 0
    with database.transaction(commit=False) as transaction:
        executions = transaction.read_rows(
            "monitoring/select_check_ins", since=now - CHECK_IN_WITHIN
        )
    crons = {job.name: job.cron for job in jobs if job.cron}
    scheduled = [row for row in executions if row["job_name"] in crons]
    for row in scheduled:
        send_check_in(
            settings,
            row["job_name"],
            crons[row["job_name"]],
            succeeded=row["success"],
            duration_seconds=row["duration_ms"] / 1000,
            max_runtime_minutes=MAX_RUNTIME_SECONDS // 60,
        )
        with database.transaction() as transaction:
            transaction.execute(
                "monitoring/mark_check_in",
                job_name=row["job_name"],
                execution_id=row["execution_id"],
            )
    return len(scheduled)


def deliver(database: Database, settings: Settings, jobs: Sequence[Job], now: datetime) -> str:
    """Send what is due, check-ins before alerts, and return one line about it."""
    problems = []
    try:
        check_ins = check_in(database, settings, jobs, now)
    except DeliveryError as error:
        check_ins = 0
        problems.append(f"check-in: {error}")
    delivered = deliver_due(database, open_channels(settings), now)
    if delivered.error:
        problems.append(delivered.error)
    line = f"{counted(delivered.sent, 'alerts sent')}, {counted(check_ins, 'check-ins')}"
    return f"{line}; not delivered, tried again later: {'; '.join(problems)}" if problems else line
