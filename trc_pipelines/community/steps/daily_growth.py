"""What the views for analysts are made of: activity by day, cohorts by week, sources of points."""

from datetime import date, timedelta
from itertools import groupby

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
    days = {*(row["day"] for row in changed), *pd.date_range(*work.days).date}
    # A week at a time, so that no statement takes longer after an outage, or for a first year.
    weeks = {week: list(some) for week, some in groupby(sorted(days), key=week_start)}
    moved = pd.concat([_follow_activity(work, some) for some in weeks.values()], ignore_index=True)
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
    for week, some in weeks.items():
        work.transaction.execute("community/delete_daily_sources", days=some)
        work.transaction.execute("community/insert_daily_sources", days=some)
        work.transaction.execute("community/delete_weekly_concentration", week=week)
        work.transaction.execute("community/insert_weekly_concentration", week=week)
    for week in _cohorts_to_count(moved) | weeks.keys():
        work.transaction.execute("community/delete_weekly_cohorts", week=week)
        work.transaction.execute("community/insert_weekly_cohorts", week=week)
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
    every: pd.DataFrame = pd.concat(moved, ignore_index=True)
    dates: pd.DataFrame = every.apply(lambda column: column.dt.date)
    return dates


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
    counted: pd.DataFrame = count_growth(active, new, (first_day, last_day))
    return counted.merge(gains, on="day", how="left")


def _cohorts_to_count(moved: pd.DataFrame) -> set[date]:
    """Find the weeks in which members were active who began at another time than was known."""
    return {
        week
        for begin, end in zip(moved["first_day"], moved["last_day"], strict=True)
        for week in pd.date_range(week_start(begin), end, freq=WEEK).date
    }
