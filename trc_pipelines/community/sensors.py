"""What keeps closed days right: late points make their day, and the days built on it, anew."""

from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg

from trc_pipelines.community import assets
from trc_pipelines.community.jobs import first_day_to_recompute
from trc_pipelines.jobs.orchestration import (
    build_asset_job,
    connected,
    day_range_tags,
    is_active,
)

RECOMPUTE_DAYS = "recompute_days"
recompute_days = build_asset_job(
    RECOMPUTE_DAYS,
    [assets.daily_points, assets.daily_streaks, assets.leaderboard_rankings],
    "Make days anew after points arrived late, up to today, as one range.",
)


@dg.sensor(
    job=recompute_days,
    minimum_interval_seconds=300,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Asks for the days whose points, streaks or boards lag behind the ledger.",
)
def late_points_sensor(
    context: dg.SensorEvaluationContext,
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """One run from the first lagging day to today; none while such a run is on its way."""
    if is_active(context.instance, RECOMPUTE_DAYS):
        yield dg.SkipReason(
            "days are being computed anew; the next look decides whether more is needed"
        )
        return
    now = datetime.now(UTC)
    database, settings = connected()
    with database.transaction(commit=False) as transaction:
        first = first_day_to_recompute(transaction, settings, now)
    if first is None:
        yield dg.SkipReason("every closed day is up to date")
        return
    yield dg.RunRequest(tags=day_range_tags(first, now.date()))
