"""Points and XP by member and day."""

from datetime import date

import pandas as pd

from trc_pipelines.community.relations import NAME
from trc_pipelines.community.rules.activity import count_activity, summarise_days
from trc_pipelines.community.rules.days import figures_by_day
from trc_pipelines.community.steps.point_ledger import point_ledger
from trc_pipelines.community.steps.xp_deltas import xp_deltas
from trc_pipelines.jobs.contract import Result, Work, step


@step(NAME, deps=[xp_deltas, point_ledger], is_daily=True, max_age_minutes=35)
def daily_points(work: Work) -> Result:
    """One row per member per day with XP or entries: points by kind, XP gained, active or not."""
    summary, written = _write_days(work, *work.days)
    changed = int(written["rows_written"].sum())
    figures = count_activity(summary).join(written, how="outer")
    return Result(
        affected=changed,
        details={
            "member_days": len(summary),
            "rows_changed": changed,
            "active_members": int(summary.loc[summary["is_active"], "member_id"].nunique()),
            "points": int(summary["points"].sum()),
            "xp_gained": int(summary["xp_gained"].sum()),
        },
        rows_written=changed,
        by_day=figures_by_day(figures, work.days),
    )


def freshen_points(work: Work) -> list[str]:
    """Compute the points of stale days up to the last day of the work, for what is built on them.

    Returns:
        What was done, as notes.
    """
    # Before anything else of the days is locked: who computes points does so in this order too.
    work.transaction.execute("jobs/lock_step", table="community.daily_points")
    [stale] = work.transaction.read_rows(
        "community/find_stale_points",
        start_on=work.settings.community_start_on,
        last_day=work.days[1],
    )
    first_day, last_day = stale["first_day"], stale["last_day"]
    if first_day is None:
        return []
    _write_days(work, first_day, last_day)
    return [f"points from {first_day} to {last_day} were stale and computed first"]


def _write_days(work: Work, first_day: date, last_day: date) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Compute days anew: their rows, and how many changed, by the day."""
    days = {"first_day": first_day, "last_day": last_day}
    work.transaction.execute("community/claim_days_for_points", **days)
    xp_gains = work.transaction.read("community/select_xp_gains", **days)
    entries = work.transaction.read("community/select_entries_of_days", **days)
    summary = summarise_days(xp_gains, entries, work.settings.cut_over_at(NAME))
    work.transaction.stage("staged_daily_points", summary)
    written = work.transaction.read("community/replace_daily_points", **days)
    return summary, written.set_index("day")
