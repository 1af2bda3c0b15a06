"""Weekday streaks: consecutive active weekdays, Saturday and Sunday neither adding nor breaking."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

SATURDAY = 5


def compute_streaks(
    before: pd.DataFrame, active: pd.DataFrame, days: pd.DataFrame
) -> Iterator[pd.DataFrame]:
    """Streaks of each day in turn.

    A day is decided by the day before it and its own activity alone, so a range computed at once
    equals the same days computed one by one.

    Args:
        before: what stood at the end of the day before the first: member_id (unique),
            current_streak, longest_streak, last_active_on; every member who is active in the range
            or had a streak is in it, with NULL where there is nothing.
        active: member_id, day: the active days.
        days: day (consecutive), is_observed: whether missing activity on that day means anything.
            It does not on a day without readings, nor before the day is over.

    Yields:
        Per day: member_id, day, is_active, current_streak, longest_streak, last_active_on; one row
        for each member who was active, whose streak stands, or whose streak broke that day.
    """
    members = pd.Index(before["member_id"])
    current = before["current_streak"].fillna(0).to_numpy(dtype="int32").copy()
    longest = before["longest_streak"].fillna(0).to_numpy(dtype="int32").copy()
    last = before["last_active_on"].to_numpy(dtype="datetime64[s]").copy()

    calendar = days["day"].to_numpy(dtype="datetime64[s]")
    column = np.searchsorted(calendar, active["day"].to_numpy(dtype="datetime64[s]"))
    order = np.argsort(column, kind="stable")
    row = members.get_indexer(active["member_id"])[order]
    edges = np.searchsorted(column[order], np.arange(len(calendar) + 1))

    weekdays = days["day"].dt.day_of_week.to_numpy() < SATURDAY
    observed = days["is_observed"].to_numpy(dtype=bool)
    for i, day in enumerate(calendar):
        seen = np.zeros(len(members), dtype=bool)
        seen[row[edges[i] : edges[i + 1]]] = True
        stood = current > 0
        if weekdays[i]:
            current += seen
            if observed[i]:
                current[~seen] = 0
        np.maximum(longest, current, out=longest)
        last[seen] = day
        kept = np.flatnonzero(seen | stood)
        yield pd.DataFrame(
            {
                "member_id": members[kept],
                "day": day,
                "is_active": seen[kept],
                "current_streak": current[kept],
                "longest_streak": longest[kept],
                "last_active_on": last[kept],
            }
        )
