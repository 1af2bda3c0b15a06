"""Points and XP by member and day."""

from collections import Counter
from collections.abc import Mapping
from datetime import date

import pandas as pd

from trc_pipelines.community.relations import NAME
from trc_pipelines.community.rules.activity import summarise_days
from trc_pipelines.community.rules.days import find_ranges
from trc_pipelines.community.steps.point_ledger import point_ledger
from trc_pipelines.community.steps.xp_deltas import xp_deltas
from trc_pipelines.jobs.contract import Result, Work, step
from trc_pipelines.jobs.locks import lock

# Of more members than these who changed late, what is built on their days is computed for everybody.
MOST_LATE_MEMBERS = 1_000
# Of each day. The first one is drawn in a chart.
FIGURES = ("active_members", "points", "xp_gained", "rows", "rows_written")


@step(
    NAME,
    deps=[xp_deltas, point_ledger],
    is_daily=True,
    has_independent_days=True,
    max_age_minutes=35,
)
def daily_points(work: Work) -> Result:
    """One row per member per day with XP or entries: points by kind, XP gained, active or not."""
    first_day, last_day = work.days
    active_members = None
    if work.are_days_named:
        changed, active_members = _compute_days(work, first_day, last_day)
    else:
        changed = _add_to_days(work, first_day, last_day)
    by_day = _count_days(work, changed)
    totals = {name: sum(figures[name] for figures in by_day.values()) for name in FIGURES}
    of_last = by_day[last_day]["active_members"]
    return Result(
        affected=totals["rows_written"],
        details={
            "member_days": totals["rows"],
            "rows_changed": totals["rows_written"],
            "active_members": of_last if active_members is None else active_members,
            "points": totals["points"],
            "xp_gained": totals["xp_gained"],
        },
        rows_written=totals["rows_written"],
        by_day=by_day,
    )


def lock_late_members(work: Work, statement: str = "jobs/lock_step") -> None:
    """Let nobody else write points, or who is late by them, until the transaction ends.

    Whoever writes points notes who is late, and what is built on them takes note of all who are: with
    this lock it is one after the other. It comes before days are claimed, in every step.
    """
    lock(work.transaction, work.settings, "community.late_members", statement)


def freshen_points(work: Work) -> list[str]:
    """Compute the points of stale days up to the last day of the work, for what is built on them.

    From here on no points are written but by this work.

    Returns:
        What was done, as notes.
    """
    if _find_stale(work) is None:
        # What is built on points may be built by several runs at once.
        lock_late_members(work, "jobs/lock_step_shared")
        return []
    lock_late_members(work)
    stale = _find_stale(work)
    if stale is None:
        return []
    _add_to_days(work, *stale)
    return ["points from {} to {} were stale and computed first".format(*stale)]


def _find_stale(work: Work) -> tuple[date, date] | None:
    [stale] = work.transaction.read_rows(
        "community/find_stale_points",
        start_on=work.settings.community_start_on,
        last_day=work.days[1],
    )
    return (stale["first_day"], stale["last_day"]) if stale["first_day"] else None


def _add_to_days(work: Work, first_day: date, last_day: date) -> dict[date, int]:
    """Add what arrived since to each stale day, and to one that is asked for alone.

    Days that were never computed, or are stale though nothing came, are computed from everything.

    Returns:
        How many rows changed, by day.
    """
    lock_late_members(work)
    claimed = work.transaction.read_rows(
        "community/claim_days_for_points", first_day=first_day, last_day=last_day
    )
    stale = {row["day"] for row in claimed}
    wanted = stale | ({first_day} if first_day == last_day else set())
    last = _newest_facts(work)
    changed = Counter[date]()
    anew = []
    for counted in work.transaction.read_rows("community/select_counted_days", days=sorted(wanted)):
        day = counted["day"]
        until = counted["counted_sync_id"], counted["counted_entry_id"]
        is_unchanged = until == (last["last_sync_id"], last["last_entry_id"])
        if counted["counted_entry_id"] is None or (is_unchanged and day in stale):
            anew.append(day)
        elif not is_unchanged:
            changed[day] = int(
                work.transaction.read_value("community/add_to_day", **counted, **last)
            )
            _note_days(work, day, day, last)
    for span in find_ranges(anew):
        changed.update(_compute_days(work, *span)[0])
    return changed


def _compute_days(work: Work, first_day: date, last_day: date) -> tuple[dict[date, int], int]:
    """Compute days from everything, and write what is different.

    Runs of different days compute at once, and write one after the other.

    Returns:
        How many rows changed, by day, and how many members were active on any of the days.
    """
    days = {"first_day": first_day, "last_day": last_day}
    last = _newest_facts(work)
    summary = _summarise(work, days, last)
    lock_late_members(work)
    work.transaction.execute("community/claim_days_for_points", **days)
    newest = _newest_facts(work)
    if newest != last:  # What came meanwhile may be of these days. What comes now marks them again.
        last, summary = newest, _summarise(work, days, newest)
    work.transaction.stage("staged_daily_points", summary)
    written = work.transaction.read_rows("community/replace_daily_points", **days)
    _note_days(work, first_day, last_day, last)
    active = int(summary.loc[summary["is_active"], "member_id"].nunique())
    return {row["day"]: row["rows_written"] for row in written}, active


def _newest_facts(work: Work) -> dict[str, int]:
    return work.transaction.read_row("community/select_newest_facts") or {}


def _summarise(work: Work, days: dict[str, date], last: dict[str, int]) -> pd.DataFrame:
    xp_gains = work.transaction.read(
        "community/select_xp_gains", **days, last_sync_id=last["last_sync_id"]
    )
    entries = work.transaction.read(
        "community/select_entries_of_days", **days, last_entry_id=last["last_entry_id"]
    )
    return summarise_days(xp_gains, entries, work.settings.cut_over_at(NAME))


def _note_days(work: Work, first_day: date, last_day: date, last: dict[str, int]) -> None:
    """Note with what the days were computed, and when too many members changed late to name them."""
    work.transaction.execute(
        "community/upsert_counted_days", first_day=first_day, last_day=last_day, **last
    )
    work.transaction.execute("community/give_up_late_members", most=MOST_LATE_MEMBERS)


def _count_days(work: Work, changed: Mapping[date, int]) -> dict[date, dict[str, int]]:
    """Count what each day that was asked for has, of which so many rows changed."""
    first_day, last_day = work.days
    by_day = {
        day: dict.fromkeys(FIGURES, 0) | {"rows_written": changed.get(day, 0)}
        for day in pd.date_range(first_day, last_day).date
    }
    for counted in work.transaction.read_rows(
        "community/count_member_days", first_day=first_day, last_day=last_day
    ):
        by_day[counted.pop("day")] |= counted
    return by_day
