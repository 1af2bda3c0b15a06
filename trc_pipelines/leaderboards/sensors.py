"""What closes periods that could not be closed on time, and publishes boards as they are made."""

from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg

from trc_pipelines.jobs.orchestration import AS_OF_TAG, connected, is_active
from trc_pipelines.leaderboards.closing import PeriodicBoards, find_due_periods


def build_closing_sensor(boards: PeriodicBoards, job: dg.JobDefinition) -> dg.SensorDefinition:
    """Asks for the closing job as soon as everything of an ended period has arrived."""

    @dg.sensor(
        name=f"{boards.domain}_closing_sensor",
        job=job,
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Closes weeks and months that ended: late, missed, or waiting for a sync.",
    )
    def look(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        if is_active(context.instance, job.name):
            yield dg.SkipReason("periods are being closed")
            return
        now = datetime.now(UTC).replace(microsecond=0)
        database, settings = connected()
        with database.transaction(commit=False) as transaction:
            due, waiting = find_due_periods(transaction, settings, boards, now)
        if due:
            yield dg.RunRequest(tags={AS_OF_TAG: now.isoformat()})
        elif waiting:
            yield dg.SkipReason(f"{waiting[0].label} is over; not everything has arrived yet")
        else:
            yield dg.SkipReason("no period is open that has ended")

    return look


def build_cache_sensor(rankings: dg.AssetKey, job: dg.JobDefinition) -> dg.SensorDefinition:
    """Asks for the cache job after each recalculation; the job's own clock catches up on the rest."""

    @dg.asset_sensor(
        name=f"{rankings.path[0]}_cache_sensor",
        asset_key=rankings,
        job=job,
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Publishes boards to Redis right after they are ranked.",
    )
    def look(
        _context: dg.SensorEvaluationContext, event: dg.EventLogEntry
    ) -> Iterator[dg.RunRequest | dg.SkipReason]:
        _database, settings = connected()
        if settings.redis_url is None:
            yield dg.SkipReason("REDIS_URL is not set")
        else:
            yield dg.RunRequest(run_key=event.run_id)

    return look
