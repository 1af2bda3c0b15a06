"""The jobs of the community and their clocks."""

from datetime import date, datetime, timedelta

from trc_pipelines.calendar import day_before
from trc_pipelines.community import assets
from trc_pipelines.database.connection import Transaction
from trc_pipelines.jobs.contract import Job
from trc_pipelines.settings import Settings


def _day_of_sync(_db: Transaction, settings: Settings, as_of: datetime) -> tuple[date, date]:
    # The first midnight belongs to a day that has no partition.
    day = max(day_before(as_of), settings.community_start_on)
    return day, day


def _ended_days(db: Transaction, settings: Settings, as_of: datetime) -> tuple[date, date]:
    """Yesterday, and before it every day whose streaks are missing or no longer what follows."""
    yesterday = max(as_of.date() - timedelta(days=1), settings.community_start_on)
    lagging = [
        db.read_value(statement, until=yesterday, most=settings.community_start_on)
        for statement in ("community/find_uncomputed_day", "community/find_stale_streaks")
    ]
    return min([yesterday, *filter(None, lagging)]), yesterday


MEE6_SYNC = Job(
    name="mee6_sync",
    description="Read the MEE6 leaderboard, turn XP gained into points, bring today's figures up to date.",
    cron="*/15 * * * *",
    stale_after=timedelta(minutes=35),
    steps=[
        assets.mee6_leaderboard_snapshot,
        assets.xp_deltas,
        assets.point_ledger,
        assets.daily_points,
    ],
    days=_day_of_sync,
    unit="sync",
)
DAILY_STREAKS = Job(
    name="daily_streaks",
    description="Compute weekday streaks of the day that ended, and of days missed before it.",
    cron="5 0 * * *",
    stale_after=timedelta(hours=25),
    steps=[assets.daily_streaks],
    days=_ended_days,
)
JOBS = [MEE6_SYNC, DAILY_STREAKS]


def first_day_to_recompute(db: Transaction, settings: Settings, now: datetime) -> date | None:
    """The earliest ended day whose tables lag behind what has arrived; None when all are up to date.

    A day is given a quarter of an hour to end, so that its last sync is in.
    """
    today, start = day_before(now - timedelta(minutes=15)), settings.community_start_on
    stale: date | None = db.read_value("community/select_stale_days", before=today, start_on=start)
    if stale is None:
        return None
    uncomputed: date | None = db.read_value(
        "community/find_uncomputed_day", before=stale, start_on=start
    )
    return uncomputed or stale
