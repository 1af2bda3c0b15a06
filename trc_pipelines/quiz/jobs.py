"""The jobs of the quiz and their schedules. Those of its boards are shared with the other domains."""

from datetime import date, datetime, timedelta

from trc_pipelines.database.connection import Transaction
from trc_pipelines.jobs.contract import Job
from trc_pipelines.quiz.steps.daily_totals import daily_totals
from trc_pipelines.quiz.steps.life_regenerations import life_regenerations
from trc_pipelines.quiz.steps.quiz_sessions import quiz_sessions
from trc_pipelines.quiz.steps.streak_evaluations import streak_evaluations
from trc_pipelines.settings import Settings


def _days_to_judge(
    transaction: Transaction, _settings: Settings, as_of: datetime
) -> tuple[date, date]:
    """Find the day that begins, and before it every day that was not judged."""
    today = as_of.date()
    done = transaction.read_value("quiz/select_last_evaluated_day")
    return (min(today, done + timedelta(days=1)) if done else today), today


LIFE_REGENERATION = Job(
    name="life_regeneration",
    description="Give lives back that are due.",
    cron="*/30 * * * *",
    stale_after=timedelta(minutes=35),
    steps=[life_regenerations],
)
QUIZ_STREAK_UPDATE = Job(
    name="quiz_streak_update",
    description="Judge streaks that paused for more than 48 hours: protected, or broken.",
    cron="0 0 * * *",
    stale_after=timedelta(hours=25),
    steps=[streak_evaluations],
    days=_days_to_judge,
)
SESSION_CLEANUP = Job(
    name="session_cleanup",
    description="Expire sessions whose time is up.",
    cron="0 * * * *",
    stale_after=timedelta(minutes=65),
    steps=[quiz_sessions],
)
QUIZ_TOTALS = Job(
    name="quiz_totals",
    description="Count players and sessions for analysts, a row for each day of the past.",
    cron="40 0 * * *",
    stale_after=timedelta(hours=25),
    steps=[daily_totals],
)
JOBS = [LIFE_REGENERATION, QUIZ_STREAK_UPDATE, SESSION_CLEANUP, QUIZ_TOTALS]
