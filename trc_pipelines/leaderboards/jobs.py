"""The jobs that every domain with boards shares: one clock for all of them, a step for each."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from trc_pipelines.calendar import reporting_day
from trc_pipelines.database.connection import Transaction
from trc_pipelines.jobs.contract import Job, Step
from trc_pipelines.leaderboards.closing import PeriodicBoards, build_closing_trigger
from trc_pipelines.settings import Settings


@dataclass(frozen=True)
class Boards:
    """What a domain that ranks its users declares.

    Attributes:
        rankings, archive, cache: its steps: the boards as they stand, closed periods, Redis.
        periodic: what closing needs to know of its scores.
    """

    rankings: Step
    archive: Step
    cache: Step
    periodic: PeriodicBoards


class BoardJobs:
    """The jobs over the boards of all domains. No domain's step depends on another's."""

    def __init__(self, boards: Sequence[Boards]) -> None:
        self.recalculation = Job(
            name="leaderboard_recalculation",
            description="Rank every board of the current day.",
            cron="0 * * * *",
            stale_after=timedelta(minutes=65),
            steps=[board.rankings for board in boards],
            days=day_reported,
        )
        self.weekly_reset = Job(
            name="leaderboard_weekly_reset",
            description="Close the week that ended, and whatever period before it is still open.",
            cron="0 0 * * 1",
            stale_after=timedelta(hours=169),
            steps=[board.archive for board in boards],
        )
        self.monthly_reset = replace(
            self.weekly_reset,
            name="leaderboard_monthly_reset",
            description="Close the month that ended, and whatever period before it is still open.",
            cron="0 0 1 * *",
            stale_after=timedelta(hours=745),
        )
        self.cache = Job(
            name="leaderboard_cache",
            description="Publish the boards that changed to Redis (REDIS_URL).",
            cron="*/5 * * * *",
            stale_after=timedelta(minutes=65),
            steps=[board.cache for board in boards],
            is_enabled=lambda settings: settings.redis_url is not None,
            after=[board.rankings for board in boards],
        )
        self.triggers = [
            build_closing_trigger(board.periodic, self.weekly_reset) for board in boards
        ]
        self.jobs = [self.recalculation, self.weekly_reset, self.monthly_reset, self.cache]
        if not boards:
            self.jobs = []


def day_reported(
    _transaction: Transaction, _settings: Settings, as_of: datetime
) -> tuple[date, date]:
    """Choose the day whose figures a tick brings up to date: at midnight, the one that just ended."""
    day = reporting_day(as_of)
    return day, day
