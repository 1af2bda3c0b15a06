"""The jobs of the betting app and their clocks."""

from datetime import date, datetime, timedelta

from trc_pipelines.betting.steps.bankroll_weekly_history import bankroll_weekly_history
from trc_pipelines.betting.steps.cleanups import cleanups
from trc_pipelines.betting.steps.content_expirations import content_expirations
from trc_pipelines.betting.steps.daily_totals import daily_totals
from trc_pipelines.betting.steps.game_settlements import game_settlements
from trc_pipelines.betting.steps.media_orphans import media_orphans
from trc_pipelines.betting.steps.user_badges import user_badges
from trc_pipelines.betting.steps.user_effect_access import user_effect_access
from trc_pipelines.betting.steps.user_stats import user_stats
from trc_pipelines.calendar import week_start
from trc_pipelines.database.connection import Transaction
from trc_pipelines.jobs.contract import Job, Trigger
from trc_pipelines.settings import Settings

# The tick of Monday has its run first; after that one attempt in as many minutes.
PATIENCE = timedelta(minutes=5)


def find_due_reset(
    transaction: Transaction, _settings: Settings, now: datetime
) -> tuple[date, date] | str:
    """Today, when a week that ended is still open for some bankroll.

    An app that begins in the middle of a week keeps its bankrolls until Monday.
    """
    [weeks] = transaction.read_rows("betting/select_reset_weeks")
    last = weeks["last_reset"] or weeks["ledger_begins"]
    if last is not None and last < week_start((now - PATIENCE).date()):
        return now.date(), now.date()
    return "every week that ended is closed"


CONTENT_EXPIRATION = Job(
    name="content_expiration",
    description="Hide posts, stories and messages that expired; remove what was deleted a month ago.",
    cron="0 * * * *",
    stale_after=timedelta(minutes=65),
    steps=[content_expirations],
)
GAME_SETTLEMENT = Job(
    name="game_settlement",
    description="Settle the bets on games that are over.",
    cron="*/30 * * * *",
    stale_after=timedelta(minutes=35),
    steps=[game_settlements],
)
STATS_ROLLUP = Job(
    name="stats_rollup",
    description="Bring the statistics of users up to what has been settled.",
    cron="0 * * * *",
    stale_after=timedelta(minutes=65),
    steps=[user_stats],
)
BADGE_CALCULATION = Job(
    name="badge_calculation",
    description="Find who earned or lost badges this week, and which effects that unlocks.",
    cron="0 * * * *",
    stale_after=timedelta(minutes=65),
    steps=[user_badges, user_effect_access],
)
BANKROLL_RESET = Job(
    name="bankroll_reset",
    description="Close the week of every bankroll and begin the next at its target.",
    cron="0 0 * * 1",
    stale_after=timedelta(hours=169),
    steps=[bankroll_weekly_history],
    question="This closes the week of every bankroll and sets it to its target.",
)
CLEANUP = Job(
    name="cleanup",
    description="Remove reactions, views and reads of what is gone, and old notifications.",
    cron="0 3 * * *",
    stale_after=timedelta(hours=25),
    steps=[cleanups],
)
MEDIA_CLEANUP = Job(
    name="media_cleanup",
    description="Delete pictures and videos that nothing refers to any more.",
    cron="0 4 * * *",
    stale_after=timedelta(hours=25),
    steps=[media_orphans],
)
BETTING_TOTALS = Job(
    name="betting_totals",
    description="Count bets and who placed them for analysts, a row for each day of the past.",
    cron="50 0 * * *",
    stale_after=timedelta(hours=25),
    steps=[daily_totals],
)
JOBS = [
    CONTENT_EXPIRATION,
    GAME_SETTLEMENT,
    STATS_ROLLUP,
    BADGE_CALCULATION,
    BANKROLL_RESET,
    CLEANUP,
    MEDIA_CLEANUP,
    BETTING_TOTALS,
]
LATE_RESET = Trigger(
    "bankroll_reset_sensor",
    "Resets bankrolls whose week ended: late, missed, or failed at its tick.",
    BANKROLL_RESET,
    timedelta(minutes=1),
    find_due_reset,
    PATIENCE,
)
