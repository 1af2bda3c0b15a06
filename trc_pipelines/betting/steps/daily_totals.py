"""The past of the betting app, counted: what a view for analysts would take long to count each time."""

from datetime import timedelta

from trc_pipelines.betting.relations import bets
from trc_pipelines.calendar import months_between
from trc_pipelines.jobs.contract import Result, Work, step

# The view reads these days itself, as they stand.
OPEN_DAYS = timedelta(days=2)


@step("betting", deps=[bets], max_age_minutes=25 * 60)
def daily_totals(work: Work) -> Result:
    """One row per UTC day up to the day before yesterday: users who bet on it, in a week, in a month to it.

    The whole past is counted again, so that what came late, or was cancelled, is in it. A month costs
    what happened in two. The view `daily_activity` adds the days since.
    """
    last_day = work.as_of.date() - OPEN_DAYS
    first_day = work.transaction.read_value("betting/select_first_bet_day", last_day=last_day)
    work.transaction.execute("betting/delete_daily_totals")
    for first, last in months_between(first_day, last_day) if first_day else ():
        work.transaction.execute("betting/insert_daily_totals", first_day=first, last_day=last)
    days = (last_day - first_day).days + 1 if first_day else 0
    return Result(affected=days, details={"days": days}, rows_written=days)
