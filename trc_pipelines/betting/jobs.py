"""The jobs of the betting app and their clocks."""

from datetime import timedelta

from trc_pipelines.betting import assets
from trc_pipelines.jobs.contract import Job

CONTENT_EXPIRATION = Job(
    name="content_expiration",
    description="Hide posts, stories and messages that expired; remove what was deleted a month ago.",
    cron="0 * * * *",
    stale_after=timedelta(minutes=65),
    steps=[assets.content_expirations],
    unit="item",
)
GAME_SETTLEMENT = Job(
    name="game_settlement",
    description="Settle the bets on games that are over.",
    cron="*/30 * * * *",
    stale_after=timedelta(minutes=35),
    steps=[assets.game_settlements],
    unit="game",
)
STATS_ROLLUP = Job(
    name="stats_rollup",
    description="Bring the statistics of users up to what has been settled.",
    cron="0 * * * *",
    stale_after=timedelta(minutes=65),
    steps=[assets.user_stats],
    unit="run",
)
BADGE_CALCULATION = Job(
    name="badge_calculation",
    description="Find who earned or lost badges this week, and which effects that unlocks.",
    cron="0 * * * *",
    stale_after=timedelta(minutes=65),
    steps=[assets.user_badges, assets.user_effect_access],
    unit="run",
)
BANKROLL_RESET = Job(
    name="bankroll_reset",
    description="Close the week of every bankroll and begin the next at its target.",
    cron="0 0 * * 1",
    stale_after=timedelta(hours=169),
    steps=[assets.bankroll_weekly_history],
    unit="bankroll",
    question="This closes the week of every bankroll and sets it to its target.",
)
CLEANUP = Job(
    name="cleanup",
    description="Remove reactions, views and reads of what is gone, and old notifications.",
    cron="0 3 * * *",
    stale_after=timedelta(hours=25),
    steps=[assets.cleanups],
    unit="row",
)
MEDIA_CLEANUP = Job(
    name="media_cleanup",
    description="Delete pictures and videos that nothing refers to any more.",
    cron="0 4 * * *",
    stale_after=timedelta(hours=25),
    steps=[assets.media_orphans],
    unit="object",
)
JOBS = [
    CONTENT_EXPIRATION,
    GAME_SETTLEMENT,
    STATS_ROLLUP,
    BADGE_CALCULATION,
    BANKROLL_RESET,
    CLEANUP,
    MEDIA_CLEANUP,
]
