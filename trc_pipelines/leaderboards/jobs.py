"""The jobs that every domain with boards shares: one clock for all of them, a step for each."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from trc_pipelines.calendar import day_before
from trc_pipelines.database.connection import Transaction
from trc_pipelines.jobs.contract import Job, Step
from trc_pipelines.settings import Settings


@dataclass(frozen=True)
class BoardSteps:
    """The steps of one domain: its boards as they stand, its closed periods, its boards in Redis."""

    rankings: Step
    archive: Step
    cache: Step


def build_board_jobs(domains: Sequence[BoardSteps]) -> list[Job]:
    """Recalculation, weekly and monthly reset, cache; over the steps of all domains.

    No domain's step depends on another's.
    """
    recalculation = Job(
        name="leaderboard_recalculation",
        description="Rank the global, weekly and monthly boards of the current day.",
        cron="0 * * * *",
        stale_after=timedelta(minutes=65),
        steps=[steps.rankings for steps in domains],
        days=_day_that_ended,
    )
    weekly_reset = Job(
        name="leaderboard_weekly_reset",
        description="Close the week that ended, and whatever period before it is still open.",
        cron="0 0 * * 1",
        stale_after=timedelta(hours=169),
        steps=[steps.archive for steps in domains],
        unit="period",
    )
    monthly_reset = replace(
        weekly_reset,
        name="leaderboard_monthly_reset",
        description="Close the month that ended, and whatever period before it is still open.",
        cron="0 0 1 * *",
        stale_after=timedelta(hours=745),
    )
    cache = Job(
        name="leaderboard_cache",
        description="Publish the boards that changed to Redis (REDIS_URL).",
        cron="*/5 * * * *",
        stale_after=timedelta(minutes=65),
        steps=[steps.cache for steps in domains],
        unit="run",
        is_enabled=lambda settings: settings.redis_url is not None,
    )
    return [recalculation, weekly_reset, monthly_reset, cache]


def _day_that_ended(_db: Transaction, settings: Settings, as_of: datetime) -> tuple[date, date]:
    """The day whose figures a moment stands for: at midnight, the one that just ended."""
    day = max(day_before(as_of), settings.community_start_on)
    return day, day
