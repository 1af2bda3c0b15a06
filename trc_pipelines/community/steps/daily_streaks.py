"""Weekday streaks by member and day."""

import pandas as pd

from trc_pipelines.community.rules import streaks
from trc_pipelines.community.steps.daily_points import daily_points
from trc_pipelines.jobs.contract import JobError, Result, Work, step


@step(
    "community",
    deps=[daily_points],
    is_daily=True,
    needs_day_before=True,
    max_age_minutes=25 * 60,
)
def daily_streaks(work: Work) -> Result:
    """One row per member per day on which the member was active or a streak stood, or broke.

    Consecutive active weekdays; weekends carry the value; a weekday nobody could observe breaks
    nothing. The open day is provisional: it can add, not break. Computed from activity alone; the
    view `current_streaks` shows members who are ACTIVE or TRIALING.
    """
    first, last = work.days
    missing = work.transaction.read_value(
        "community/find_uncomputed_day", before=first, start_on=work.settings.community_start_on
    )
    if missing is not None:
        raise JobError(
            f"streaks of {first} need those of {first - pd.Timedelta(days=1)}, which are missing. "
            f"Materialise from {missing} on, as one range."
        )
    settings, today = work.settings, work.as_of.date()
    work.transaction.execute("community/open_days", first_day=first, last_day=last)
    work.transaction.execute(
        "community/claim_days_for_streaks",
        first_day=first,
        last_day=last,
        start_on=settings.community_start_on,
        today=today,
        is_sync_enabled=settings.mee6_sync_enabled,
    )
    before = work.transaction.read(
        "community/select_streaks_before", first_day=first, last_day=last
    )
    active = work.transaction.read("community/select_active_days", first_day=first, last_day=last)
    days = work.transaction.read("community/select_observed_days", first_day=first, last_day=last)
    days["is_observed"] &= days["day"] < pd.Timestamp(today)
    work.transaction.execute("community/delete_daily_streaks", first_day=first, last_day=last)
    rows, standing = 0, pd.Series(dtype="int32")
    incremented = reset = 0
    for part in streaks.split_members(before, active, len(days)):
        computed = streaks.compute_streaks(*part, days)
        work.transaction.append("community.daily_streaks", computed)
        rows += len(computed)
        counts, breaks = streaks.count_moves(computed)
        incremented, reset = incremented + counts, reset + breaks
        now = computed.loc[computed["day"] == days["day"].iat[-1], "current_streak"]
        standing = pd.concat([standing, now[now > 0]])
    longest = int(standing.max()) if len(standing) else 0
    return Result(
        affected=rows,
        message=f"{len(standing)} streaks stand on {last}, the longest {longest} weekdays",
        details={
            "streaks": len(standing),
            "incremented": incremented,
            "reset": reset,
            "longest_current_streak": longest,
            "days": len(days),
        },
        rows=rows,
    )
