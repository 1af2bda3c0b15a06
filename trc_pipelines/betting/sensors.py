"""What closes a week of bankrolls that could not be closed at its tick."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg

from trc_pipelines.betting.jobs import BANKROLL_RESET
from trc_pipelines.calendar import week_start
from trc_pipelines.database.connection import Transaction
from trc_pipelines.jobs.orchestration import AS_OF_TAG, connected, is_active

# The tick of Monday has its run first; after that one attempt in as many minutes.
PATIENCE = timedelta(minutes=5)


def is_reset_due(transaction: Transaction, now: datetime) -> bool:
    """Whether a week that ended is still open for some bankroll.

    An app that begins in the middle of a week keeps its bankrolls until Monday.
    """
    weeks = transaction.read_row("betting/select_reset_weeks") or {}
    last = weeks["last_reset"] or weeks["ledger_begins"]
    return last is not None and bool(last < week_start((now - PATIENCE).date()))


def build_reset_sensor(job: dg.JobDefinition) -> dg.SensorDefinition:
    """Asks for the weekly reset when its own tick did not bring it about."""

    @dg.sensor(
        name="bankroll_reset_sensor",
        job=job,
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Resets bankrolls whose week ended: late, missed, or failed at its tick.",
    )
    def look(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        if is_active(context.instance, BANKROLL_RESET.name):
            yield dg.SkipReason("bankrolls are being reset")
            return
        now = datetime.now(UTC).replace(microsecond=0)
        database, _settings = connected()
        with database.transaction(commit=False) as transaction:
            is_due = is_reset_due(transaction, now)
        if not is_due:
            yield dg.SkipReason("every week that ended is closed")
            return
        attempt = now - (now - datetime.min.replace(tzinfo=UTC)) % PATIENCE
        yield dg.RunRequest(
            run_key=f"late:{attempt.isoformat()}", tags={AS_OF_TAG: now.isoformat()}
        )

    return look
