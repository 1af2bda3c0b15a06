"""Points and XP by member and day."""

from collections import Counter
from dataclasses import dataclass
from datetime import date

import pandas as pd

from trc_pipelines.community.relations import NAME
from trc_pipelines.community.rules.activity import count_activity, summarise_days
from trc_pipelines.community.rules.days import figures_by_day, find_ranges
from trc_pipelines.community.steps.point_ledger import point_ledger
from trc_pipelines.community.steps.xp_deltas import xp_deltas
from trc_pipelines.jobs.contract import Result, Work, step
from trc_pipelines.jobs.locks import lock

# Of more members than these who changed late, what is built on their days is computed for everybody.
MOST_LATE_MEMBERS = 1_000


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
    if work.are_days_named:
        written = _compute_days(work, first_day, last_day)
    else:
        written = _count_days(work, _add_to_days(work, first_day, last_day))
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


@dataclass(frozen=True)
class Written:
    """Figures of days that were computed: of each as `count_activity` gives them, with `rows_written`."""

    by_day: pd.DataFrame
    active_members: int


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
        written = _compute_days(work, *span).by_day["rows_written"].dropna()
        changed.update(
            dict(zip(pd.DatetimeIndex(written.index).date, written.astype("int64"), strict=True))
        )
    return changed


def _compute_days(work: Work, first_day: date, last_day: date) -> Written:
    """Compute days from everything, and write what is different.

    Runs of different days compute at once, and write one after the other.
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
    written = work.transaction.read("community/replace_daily_points", **days).set_index("day")
    _note_days(work, first_day, last_day, last)
    active = int(summary.loc[summary["is_active"], "member_id"].nunique())
    return Written(count_activity(summary).join(written, how="outer"), active)


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


def _count_days(work: Work, changed: dict[date, int]) -> Written:
    """Count what the days asked for have, of which so many rows changed; active members of the last."""
    first_day, last_day = work.days
    figures = work.transaction.read(
        "community/count_member_days", first_day=first_day, last_day=last_day
    ).set_index("day")
    rows = pd.Series(changed, dtype="int64")
    rows.index = pd.to_datetime(rows.index)
    of_last = figures["active_members"].reindex([pd.Timestamp(last_day)], fill_value=0)
    return Written(figures.join(rows.rename("rows_written"), how="outer"), int(of_last.iloc[0]))
