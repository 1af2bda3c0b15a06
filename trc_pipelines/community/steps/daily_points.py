"""Points and XP by member and day."""

from dataclasses import dataclass
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
    # A person who names days has them computed again from everything.
    written = _write_days(work, *work.days, is_anew=work.options.days is not None)
    figures = written.by_day.sum()
    return Result(
        affected=int(figures["rows_written"]),
        details={
            "member_days": int(figures["rows"]),
            "rows_changed": int(figures["rows_written"]),
            "active_members": written.active_members,
            "points": int(figures["points"]),
            "xp_gained": int(figures["xp_gained"]),
        },
        rows_written=int(figures["rows_written"]),
        by_day=figures_by_day(written.by_day, work.days),
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


@dataclass(frozen=True)
class Written:
    """Figures of days that were computed: of each as `count_activity` gives them, with `rows_written`."""

    by_day: pd.DataFrame
    active_members: int


def _write_days(work: Work, first_day: date, last_day: date, *, is_anew: bool = False) -> Written:
    """Bring days up to date: what arrived since is added to a day, several days are computed again."""
    days = {"first_day": first_day, "last_day": last_day}
    is_stale = work.transaction.read_value("community/claim_days_for_points", **days) > 0
    facts = work.transaction.read_row("community/select_newest_facts", day=first_day) or {}
    last = {name: facts[name] for name in ("last_sync_id", "last_entry_id")}
    is_unchanged = (facts["counted_sync_id"], facts["counted_entry_id"]) == (*last.values(),)
    if is_anew or first_day < last_day or facts["counted_entry_id"] is None:
        written = _compute_days(work, days, last)
    elif not is_unchanged:
        changed = int(work.transaction.read_value("community/add_to_day", day=first_day, **facts))
        written = _count_days(work, days, changed)
    elif is_stale:  # and nothing came: somebody wants it computed again
        written = _compute_days(work, days, last)
    else:
        return _count_days(work, days, 0)
    work.transaction.execute("community/upsert_counted_days", **days, **last)
    return written


def _compute_days(work: Work, days: dict[str, date], last: dict[str, int]) -> Written:
    xp_gains = work.transaction.read(
        "community/select_xp_gains", **days, last_sync_id=last["last_sync_id"]
    )
    entries = work.transaction.read(
        "community/select_entries_of_days", **days, last_entry_id=last["last_entry_id"]
    )
    summary = summarise_days(xp_gains, entries, work.settings.cut_over_at(NAME))
    work.transaction.stage("staged_daily_points", summary)
    written = work.transaction.read("community/replace_daily_points", **days).set_index("day")
    active = int(summary.loc[summary["is_active"], "member_id"].nunique())
    return Written(count_activity(summary).join(written, how="outer"), active)


def _count_days(work: Work, days: dict[str, date], changed: int) -> Written:
    figures = work.transaction.read("community/count_member_days", **days).set_index("day")
    return Written(figures.assign(rows_written=changed), int(figures["active_members"].sum()))
