"""Weekday streaks: consecutive active weekdays, Saturday and Sunday neither adding nor breaking."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

SATURDAY = 5
# Rows held in memory at a time; a year of 100,000 members is computed in parts.
MEMBER_DAYS_PER_PART = 4_000_000


def compute_streaks(before: pd.DataFrame, active: pd.DataFrame, days: pd.DataFrame) -> pd.DataFrame:
    """Compute streaks over consecutive days.

    A day is decided by the day before it and its own activity alone, so a range computed at once
    equals the same days computed one by one.

    Args:
        before: what stood at the end of the day before the first: member_id (unique),
            current_streak, longest_streak, last_active_on. Every member who is active in the range
            or had a streak is in it, with NULL where there is nothing.
        active: member_id, day: the active days.
        days: day (consecutive), is_observed: whether missing activity on that day means anything.
            It does not on a day without readings, nor before the day is over.

    Returns:
        member_id, day, is_active, current_streak, longest_streak, last_active_on, in order of
        day and `before`. One row for each day on which the member was active, the streak stood, or
        the streak broke.
    """
    members = pd.Index(before["member_id"])
    current = before["current_streak"].fillna(0).to_numpy(dtype="int32").copy()
    longest = before["longest_streak"].fillna(0).to_numpy(dtype="int32").copy()
    last = before["last_active_on"].to_numpy(dtype="datetime64[s]").copy()

    calendar = days["day"].to_numpy(dtype="datetime64[s]")
    weekdays = days["day"].dt.day_of_week.to_numpy() < SATURDAY
    observed = days["is_observed"].to_numpy(dtype=bool)
    is_active = np.zeros((len(calendar), len(members)), dtype=bool)
    column = np.searchsorted(calendar, active["day"].to_numpy(dtype="datetime64[s]"))
    is_active[column, members.get_indexer(active["member_id"])] = True

    parts = []
    for i, seen in enumerate(is_active):
        stood = current > 0
        if weekdays[i]:
            current += seen
            if observed[i]:
                current[~seen] = 0
        np.maximum(longest, current, out=longest)
        last[seen] = calendar[i]
        kept = np.flatnonzero(seen | stood)
        day = np.full(len(kept), i)
        parts.append((kept, day, seen[kept], current[kept], longest[kept], last[kept]))
    member, day, *values = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    names = ["is_active", "current_streak", "longest_streak", "last_active_on"]
    return pd.DataFrame(
        {"member_id": members[member], "day": calendar[day]} | dict(zip(names, values, strict=True))
    )


def split_members(
    before: pd.DataFrame, active: pd.DataFrame, number_of_days: int
) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    """Split into parts of `before` and `active` with the same members, small enough to compute at once.

    There is always one, so that a range on which nobody was active has figures too.
    """
    size = max(1, MEMBER_DAYS_PER_PART // number_of_days)
    part_of = pd.Index(before["member_id"]).get_indexer(active["member_id"]) // size
    for part in range(max(1, -(-len(before) // size))):
        yield before[part * size : (part + 1) * size], active[part_of == part]
