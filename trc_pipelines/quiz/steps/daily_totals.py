"""The past of the quiz, counted: what views for analysts would take long to count each time."""

from datetime import timedelta

from trc_pipelines.calendar import months_between
from trc_pipelines.jobs.contract import Relation, Result, Work, step
from trc_pipelines.quiz.relations import NAME, quiz_sessions, xp_events

# The views read these days themselves, as they stand.
OPEN_DAYS = timedelta(days=2)


@step(NAME, deps=[quiz_sessions, xp_events], max_age_minutes=25 * 60)
def daily_totals(work: Work) -> Result:
    """One row per UTC day up to the day before yesterday: players on it, in a week, in a month to it; XP.

    The whole past is counted again, so that what came late is in it. A month costs what happened in
    two. The views `daily_activity` and `session_outcomes` add the days since, as they stand.
    """
    last_day = work.as_of.date() - OPEN_DAYS
    first_day = work.transaction.read_value("quiz/select_first_active_day", last_day=last_day)
    work.transaction.execute("quiz/delete_totals")
    for first, last in months_between(first_day, last_day) if first_day else ():
        work.transaction.execute("quiz/insert_daily_totals", first_day=first, last_day=last)
        work.transaction.execute("quiz/insert_hourly_sessions", first_day=first, last_day=last)
    days = (last_day - first_day).days + 1 if first_day else 0
    return Result(affected=days, details={"days": days}, rows_written=days)


hourly_sessions = Relation(
    f"{NAME}.hourly_sessions",
    "One row per day and hour in which sessions began: what became of them.",
    deps=[daily_totals],
)
