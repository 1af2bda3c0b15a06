"""Weekday streaks by member and day."""

from datetime import date, timedelta

import pandas as pd

from trc_pipelines.community.relations import NAME
from trc_pipelines.community.rules import streaks
from trc_pipelines.community.rules.days import figures_by_day
from trc_pipelines.community.steps.daily_points import (
    daily_points,
    freshen_points,
    lock_late_members,
)
from trc_pipelines.jobs.contract import JobError, Relation, Result, Work, step

DAY = timedelta(days=1)


@step(
    NAME,
    deps=[daily_points],
    is_daily=True,
    needs_day_before=True,
    max_age_minutes=25 * 60,
    taken_over={
        "member_id": (daily_points, "member_id"),
        "is_active": (daily_points, "is_active"),
    },
)
def daily_streaks(work: Work) -> Result:
    """One row per member per day on which the member was active or a streak stood, or broke.

    Consecutive active weekdays. Weekends carry the value, and a weekday nobody could observe breaks
    nothing. The open day is provisional: it can add, not break. Computed from activity alone. The
    view `current_streaks` shows members who are ACTIVE or TRIALING.
    """
    _refuse_a_gap(work)
    lock_late_members(work)
    notes = freshen_points(work)
    first_day, last_day = _first_day(work), work.days[1]
    if first_day > last_day:
        return Result(
            0,
            notes=[*notes, "streaks before the cut-over were taken over, and stand"],
            by_day=figures_by_day(_count_streaks(work, work.days[0]), work.days),
        )
    if first_day < work.days[0]:
        notes.append(f"streaks from {first_day} on were stale and computed with them")
    work.transaction.execute("community/open_days", first_day=first_day, last_day=last_day)
    due_from = _find_due_for_all(work, first_day)
    days = _claim_days(work, first_day)
    is_due = days["day"] >= pd.Timestamp(due_from)
    late, rows_late = _splice_late(work, days[~is_due])
    _compute_all(work, days[is_due])
    work.transaction.execute("community/settle_late_streaks", last_day=last_day)
    work.transaction.execute("community/mark_imported_days", as_of=work.as_of)
    figures = _count_streaks(work, min(first_day, work.days[0]))
    of_days = figures[figures.index >= pd.Timestamp(due_from)]
    rows_written = pd.concat([rows_late, of_days["rows"]]).rename("rows_written")
    by_day = figures_by_day(figures.join(rows_written, how="outer"), work.days)
    rows = int(rows_written.sum())
    totals = {name: int(of_days[name].sum()) for name in ("streaks_extended", "streaks_broken")}
    return Result(
        affected=rows,
        details={
            name: by_day[last_day][name] for name in ("streaks_standing", "weekdays_of_the_longest")
        }
        | totals
        | {"days": int(is_due.sum()), "late_members": late},
        notes=notes,
        rows_written=rows,
        by_day=by_day,
    )


streak_lengths = Relation(
    "community.streak_lengths",
    "One row per day and length of a streak, 0 included: for views over all streaks.",
    deps=[daily_streaks],
)


def _refuse_a_gap(work: Work) -> None:
    first_day = work.days[0]
    missing = work.transaction.read_value(
        "community/find_uncomputed_day",
        before=first_day,
        start_on=work.settings.community_start_on,
    )
    if missing is not None:
        raise JobError(
            f"streaks of {first_day} need those of {first_day - DAY}, which are "
            f"missing. Materialise from {missing} on, as one range."
        )


def _first_day(work: Work) -> date:
    """Find the day to begin with: one before those asked for, if its streaks are stale.

    None that was taken over at the cut-over.
    """
    stale: date | None = work.transaction.read_value(
        "community/find_stale_streaks",
        before=work.days[0],
        start_on=work.settings.community_start_on,
    )
    imported: date | None = work.transaction.read_value("community/select_imported_until")
    first_day = stale or work.days[0]
    return max(first_day, imported + DAY) if imported else first_day


def _find_due_for_all(work: Work, first_day: date) -> date:
    """Find the first day to compute for everybody: the day after the last when only some are late."""
    if work.are_days_named:
        return first_day
    due: date | None = work.transaction.read_value(
        "community/find_streaks_due_for_all", first_day=first_day, last_day=work.days[1]
    )
    return due or work.days[1] + DAY


def _compute_all(work: Work, days: pd.DataFrame) -> None:
    """Compute consecutive days for everybody."""
    if days.empty:
        return
    span = _span(days)
    before = work.transaction.read("community/select_streaks_before", **span)
    active = work.transaction.read("community/select_active_days", **span)
    work.transaction.execute("community/delete_daily_streaks", **span)
    for part in streaks.split_members(before, active, len(days)):
        work.transaction.append("community.daily_streaks", streaks.compute_streaks(*part, days))
    work.transaction.execute("community/delete_streak_lengths", **span)
    work.transaction.execute("community/insert_streak_lengths", **span)


def _splice_late(work: Work, days: pd.DataFrame) -> tuple[int, pd.Series]:
    """Compute consecutive days for those members alone whose days changed late.

    Returns:
        How many members that were, and how many rows changed, by day.
    """
    none = pd.Series(dtype="int64", name="rows_written")
    if days.empty:
        return 0, none
    late = work.transaction.read(
        "community/select_late_streaks", last_day=days["day"].iloc[-1].date()
    )
    days = days[days["day"] >= late["day"].min()]
    if days.empty:
        return 0, none
    span, members = _span(days), late["member_id"].tolist()
    of_members = span | {"member_ids": members}
    before = work.transaction.read(
        "community/select_streaks_before_of_members",
        first_day=span["first_day"],
        member_ids=members,
    )
    active = work.transaction.read("community/select_active_days_of_members", **of_members)
    work.transaction.stage("staged_streaks", streaks.compute_streaks(before, active, days))
    work.transaction.execute("community/add_streak_lengths", sign=-1, **of_members)
    written = work.transaction.read("community/replace_streaks_of_members", **of_members)
    work.transaction.execute("community/add_streak_lengths", sign=1, **of_members)
    work.transaction.execute("community/delete_empty_streak_lengths", **span)
    return len(late), written.set_index("day")["rows_written"]


def _span(days: pd.DataFrame) -> dict[str, date]:
    return {"first_day": days["day"].iloc[0].date(), "last_day": days["day"].iloc[-1].date()}


def _count_streaks(work: Work, first_day: date) -> pd.DataFrame:
    """Count the streaks of each day up to the last that was asked for, as they are now."""
    days = {"first_day": first_day, "last_day": work.days[1]}
    return work.transaction.read("community/count_streaks", **days).set_index("day")


def _claim_days(work: Work, first_day: date) -> pd.DataFrame:
    """Claim the days to compute, which are open: day, is_observed."""
    last_day = work.days[1]
    today = work.as_of.date()
    work.transaction.execute(
        "community/claim_days_for_streaks",
        first_day=first_day,
        last_day=last_day,
        start_on=work.settings.community_start_on,
        today=today,
        is_sync_enabled=work.settings.mee6_sync_enabled,
    )
    days = work.transaction.read(
        "community/select_observed_days", first_day=first_day, last_day=last_day
    )
    return days.assign(is_observed=days["is_observed"] & (days["day"] < pd.Timestamp(today)))
