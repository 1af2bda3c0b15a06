"""The jobs of the community and their clocks."""

from datetime import date, datetime, timedelta

from trc_pipelines.calendar import reporting_day
from trc_pipelines.community.steps.daily_growth import daily_growth
from trc_pipelines.community.steps.daily_points import daily_points
from trc_pipelines.community.steps.daily_streaks import daily_streaks
from trc_pipelines.community.steps.leaderboard_rankings import leaderboard_rankings
from trc_pipelines.community.steps.mee6_leaderboard_snapshot import mee6_leaderboard_snapshot
from trc_pipelines.community.steps.point_ledger import point_ledger
from trc_pipelines.community.steps.xp_deltas import xp_deltas
from trc_pipelines.database.connection import Transaction
from trc_pipelines.jobs.contract import Job, Trigger
from trc_pipelines.leaderboards.jobs import day_reported
from trc_pipelines.settings import Settings

# About a minute: days that are computed for everybody are so many in one run as take it.
MEMBER_DAYS_AT_ONCE = 3_000_000


def _ended_days(transaction: Transaction, settings: Settings, as_of: datetime) -> tuple[date, date]:
    """Yesterday, and before it every day whose streaks are missing or no longer what follows."""
    yesterday = max(as_of.date() - timedelta(days=1), settings.community_start_on)
    lagging = [
        transaction.read_value(statement, before=yesterday, start_on=settings.community_start_on)
        for statement in ("community/find_uncomputed_day", "community/find_stale_streaks")
    ]
    return min([yesterday, *filter(None, lagging)]), yesterday


def first_day_to_recompute(
    transaction: Transaction, settings: Settings, now: datetime
) -> date | None:
    """Find the earliest ended day whose tables lag behind what has arrived.

    None when all are up to date. A day is given a quarter of an hour to end, so that its last sync is in.
    """
    today, start = reporting_day(now - timedelta(minutes=15)), settings.community_start_on
    stale: date | None = transaction.read_value(
        "community/select_stale_days", before=today, start_on=start
    )
    if stale is None:
        return None
    uncomputed: date | None = transaction.read_value(
        "community/find_uncomputed_day", before=stale, start_on=start
    )
    return uncomputed or stale


def _last_day_of_slice(transaction: Transaction, first: date, last: date) -> date:
    """Find up to which day a run computes, so that syncs do not wait for long: the next run goes on."""
    day: date = transaction.read_value(
        "community/find_last_day_of_slice",
        first_day=first,
        last_day=last,
        most=MEMBER_DAYS_AT_ONCE,
    )
    return day


def _lagging_days(
    transaction: Transaction, settings: Settings, now: datetime
) -> tuple[date, date] | str:
    first = first_day_to_recompute(transaction, settings, now)
    if first is None:
        return "every closed day is up to date"
    return first, _last_day_of_slice(transaction, first, now.date())


def _lagging_or_today(
    transaction: Transaction, settings: Settings, as_of: datetime
) -> tuple[date, date]:
    first = first_day_to_recompute(transaction, settings, as_of) or as_of.date()
    return first, _last_day_of_slice(transaction, first, as_of.date())


MEE6_SYNC = Job(
    name="mee6_sync",
    description="Read the MEE6 leaderboard, turn XP gained into points, bring today's figures up to date.",
    cron="*/15 * * * *",
    stale_after=timedelta(minutes=35),
    steps=[
        mee6_leaderboard_snapshot,
        xp_deltas,
        point_ledger,
        daily_points,
    ],
    days=day_reported,
)
DAILY_STREAKS = Job(
    name="daily_streaks",
    description="Compute weekday streaks of the day that ended, and of days missed before it.",
    cron="5 0 * * *",
    stale_after=timedelta(hours=25),
    steps=[daily_streaks],
    days=_ended_days,
)
RECOMPUTE_DAYS = Job(
    name="recompute_days",
    description="Compute days again after points arrived late, up to today; a minute's worth at a time.",
    cron=None,
    stale_after=None,
    steps=[daily_points, daily_streaks, leaderboard_rankings],
    days=_lagging_or_today,
)
DAILY_GROWTH = Job(
    name="daily_growth",
    description="Count members by day and week for analysts: today, and days whose points changed.",
    cron="20 * * * *",
    stale_after=timedelta(minutes=125),
    steps=[daily_growth],
    days=day_reported,
)
JOBS = [MEE6_SYNC, DAILY_STREAKS, RECOMPUTE_DAYS, DAILY_GROWTH]
LATE_POINTS = Trigger(
    "late_points_sensor",
    "Asks for the days whose points, streaks or boards lag behind the ledger.",
    RECOMPUTE_DAYS,
    timedelta(minutes=5),
    _lagging_days,
)
