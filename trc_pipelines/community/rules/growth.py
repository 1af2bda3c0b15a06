"""Growth accounting: who was active on a day by when they were before, and who in the days to it.

The states are those of Duolingo's growth model. Each follows from where a member stood the day
before: of those active within a week of days come current ones, of those within a month reactivated
ones, of the others resurrected ones, and who was never active is new.
"""

from collections.abc import Iterable
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

WEEK, MONTH = 7, 30
STATES = ["new", "current", "reactivated", "resurrected"]
NEVER = np.iinfo("int64").max // 2
# What one day needs of the days before it: states of the day before it too.
DAYS_BEFORE = timedelta(days=MONTH + 1)
# Days counted at a time: of 50,000 active members 60 days are 3 million rows.
MOST_DAYS = 31


def count_growth(active: pd.DataFrame, new: pd.DataFrame, days: tuple[date, date]) -> pd.DataFrame:
    """Count the members of each day by their state, in the week and month to it, and who came back.

    Args:
        active: member_id, day: who was active when, each once, from `DAYS_BEFORE` the first day on.
        new: member_id, day: the first day ever of those for whom it is in the range, or the day
            before it.
        days: first and last day to count.

    Returns:
        A row for each day: day, active_members, weekly_active_members, monthly_active_members,
        <state>_members, and <state>_returned: members of that state on the day before who were
        active on the day.
    """
    first, last = (np.datetime64(day, "D").astype("int64") for day in days)
    members = pd.Index(active["member_id"].unique())
    code = members.get_indexer(active["member_id"])
    day = active["day"].to_numpy("datetime64[D]").astype("int64")
    order = np.lexsort((day, code))
    code, day = code[order], day[order]
    is_same = code[1:] == code[:-1]
    gaps = np.where(is_same, day[1:] - day[:-1], NEVER)
    since, until = np.append(NEVER, gaps)[: len(day)], np.append(gaps, NEVER)[: len(day)]

    begins = np.full(len(members), NEVER)
    who = members.get_indexer(new["member_id"])
    begins[who[who >= 0]] = new["day"].to_numpy("datetime64[D]").astype("int64")[who >= 0]
    state = np.select([day == begins[code], since <= WEEK, since <= MONTH], [0, 1, 2], 3)

    size = int(last - first) + 1
    windows = {
        f"{name}active_members": _count_days(day, np.minimum(until, length), first, size)
        for name, length in (("", 1), ("weekly_", WEEK), ("monthly_", MONTH))
    }
    of_state = {
        f"{name}_members": _count_days(day[state == i], 1, first, size)
        for i, name in enumerate(STATES)
    }
    returned = {
        f"{name}_returned": _count_days(day[(state == i) & (until == 1)] + 1, 1, first, size)
        for i, name in enumerate(STATES)
    }
    calendar = pd.date_range(*days, unit="s")
    return pd.DataFrame({"day": calendar} | windows | of_state | returned)


def days_to_count(
    changed: Iterable[date], asked: tuple[date, date], counted_until: date | None
) -> list[tuple[date, date]]:
    """Find what must be counted when days changed, up to the last day asked for, in ranges.

    A day counts in the month to each of those after it. Days since the last that was counted are
    counted too, though nobody was active.

    Returns:
        First and last days, in order, at most `MOST_DAYS` each.
    """
    first, last = (day.toordinal() for day in asked)
    wanted = set(range(first, last + 1))
    for day in changed:
        wanted.update(range(day.toordinal(), day.toordinal() + MONTH + 1))
    if counted_until:
        wanted.update(range(counted_until.toordinal() + 1, last + 1))
    ranges: list[tuple[int, int]] = []
    for number in sorted(number for number in wanted if number <= last):
        if ranges and number == ranges[-1][1] + 1 and number - ranges[-1][0] < MOST_DAYS:
            ranges[-1] = ranges[-1][0], number
        else:
            ranges.append((number, number))
    return [(date.fromordinal(begin), date.fromordinal(end)) for begin, end in ranges]


def _count_days(
    begin: npt.NDArray[np.int64], length: npt.NDArray[np.int64] | int, first: int, size: int
) -> npt.NDArray[np.int64]:
    """Count how many stretches (first day, days) hold each of `size` days from `first` on."""
    starts = np.clip(begin - first, 0, size)
    ends = np.clip(begin + length - first, 0, size)
    changes = np.bincount(starts, minlength=size + 1) - np.bincount(ends, minlength=size + 1)
    return np.cumsum(changes)[:size]
