"""What the views for analysts are made of: activity by day, cohorts by week, sources of points."""

from datetime import date, timedelta

import pandas as pd

from trc_pipelines.calendar import WEEK, week_start
from trc_pipelines.community.relations import NAME
from trc_pipelines.community.rules.days import figures_by_day
from trc_pipelines.community.rules.growth import DAYS_BEFORE, count_growth, days_to_count
from trc_pipelines.community.steps.daily_points import daily_points
from trc_pipelines.jobs.contract import Relation, Result, Work, step


@step(NAME, deps=[daily_points], is_daily=True, max_age_minutes=125)
def daily_growth(work: Work) -> Result:
    """One row per day: members active, new, back after a week or a month, and active in the days to it.

    Counted again where `daily_points` changed since: such a day, and the month after it. With it go
    who was active first and last when, cohorts and concentration of its week, sources of its points.
    A day costs what was active in the month to it, however long the history is.
    """
    changed = work.transaction.read_rows(
        "community/claim_days_for_growth",
        start_on=work.settings.community_start_on,
        last_day=work.days[1],
    )
    days = sorted({*(row["day"] for row in changed), *pd.date_range(*work.days).date})
    moved = _follow_activity(work, days)
    until = work.transaction.read_value("community/select_counted_until")
    counted = pd.concat(
        [
            _count_range(work, *span)
            for span in days_to_count([*days, *moved["was_on"]], work.days, until)
        ],
        ignore_index=True,
    )
    work.transaction.stage("staged_growth", counted)
    work.transaction.execute("community/upsert_daily_growth")
    work.transaction.execute("community/delete_daily_sources", days=days)
    work.transaction.execute("community/insert_daily_sources", days=days)
    _count_weeks(work, days, moved)
    by_day = figures_by_day(counted.assign(rows=1, rows_written=1).set_index("day"), work.days)
    last = by_day[work.days[1]]
    return Result(
        affected=len(counted),
        details={name: last[name] for name in ("active_members", "new_members")}
        | {"days": len(counted)},
        rows_written=len(counted),
        by_day=by_day,
    )


def _beside(table: str, description: str) -> Relation:
    return Relation(f"{NAME}.{table}", description, deps=[daily_growth])


BESIDE = [
    _beside("member_activity", "One row per member who was ever active: the first day, the last."),
    _beside("weekly_cohorts", "One row per week and week of first activity of who was active."),
    _beside("weekly_concentration", "One row per week: how much of the points went to few."),
    _beside("daily_sources", "One row per day and action: where points come from."),
]


def _follow_activity(work: Work, days: list[date]) -> pd.DataFrame:
    """Bring first and last days of activity up to date.

    Returns:
        was_on, first_day, last_day: days that were the first of somebody and are not any more, and
        between which days those members were active.
    """
    moved = [work.transaction.read("community/upsert_member_activity", days=days)]
    if work.transaction.read_value("community/count_wrong_activity", days=days):
        moved.append(work.transaction.read("community/correct_member_activity", days=days))
        work.transaction.execute("community/delete_member_activity", days=days)
    days_moved = pd.concat(moved, ignore_index=True)
    return pd.DataFrame({name: column.dt.date for name, column in days_moved.items()})


def _count_range(work: Work, first_day: date, last_day: date) -> pd.DataFrame:
    """Count days, at most a month."""
    span = {"first_day": first_day, "last_day": last_day}
    active = work.transaction.read(
        "community/select_active_days", first_day=first_day - DAYS_BEFORE, last_day=last_day
    )
    new = work.transaction.read(
        "community/select_first_active", first_day=first_day - timedelta(days=1), last_day=last_day
    )
    gains = work.transaction.read("community/select_gains_of_days", **span)
    return count_growth(active, new, (first_day, last_day)).merge(gains, on="day", how="left")


def _count_weeks(work: Work, days: list[date], moved: pd.DataFrame) -> None:
    """Count the weeks of these days, and cohorts of those whose members began at another time."""
    weeks = {week_start(day) for day in days}
    cohorts = set(weeks)
    for begin, end in zip(moved["first_day"], moved["last_day"], strict=True):
        cohorts.update(pd.date_range(week_start(begin), end, freq=WEEK).date)
    work.transaction.execute("community/delete_weekly_cohorts", weeks=sorted(cohorts))
    work.transaction.execute("community/insert_weekly_cohorts", weeks=sorted(cohorts))
    work.transaction.execute("community/delete_weekly_concentration", weeks=sorted(weeks))
    work.transaction.execute("community/insert_weekly_concentration", weeks=sorted(weeks))
