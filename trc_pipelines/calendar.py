"""Periods of leaderboards, in UTC: weeks begin on Monday, months on the 1st, and `global` has no end."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

PERIODIC_BOARDS = ("weekly", "monthly")
WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Period:
    """A week or a month of a board: from `start` up to, not including, `end`."""

    board: str
    start: date
    end: date

    @property
    def label(self) -> str:
        """ISO week (2026-W53, also of 2027-01-01) or month (2026-12)."""
        if self.board == "monthly":
            return f"{self.start:%Y-%m}"
        year, week, _ = self.start.isocalendar()
        return f"{year}-W{week:02}"

    @property
    def last_day(self) -> date:
        """Last day in it."""
        return self.end - timedelta(days=1)

    @property
    def ends_at(self) -> datetime:
        """The instant it is over: midnight UTC, which belongs to the next one."""
        return midnight(self.end)


def midnight(day: date) -> datetime:
    """The instant at which the UTC day begins."""
    return datetime.combine(day, time(), UTC)


def week_start(day: date) -> date:
    """Return the Monday of the ISO week that holds the day."""
    return day - timedelta(days=day.weekday())


def month_start(day: date) -> date:
    """Return the first of the month that holds the day."""
    return day.replace(day=1)


def period_of(board: str, day: date) -> Period:
    """Return the board's period that holds the day."""
    if board == "weekly":
        monday = week_start(day)
        return Period(board, monday, monday + WEEK)
    first = month_start(day)
    return Period(board, first, month_start(first + timedelta(days=31)))


def ended_periods(first_day: date, as_of: datetime) -> list[Period]:
    """List every week and month that holds a day since `first_day` and is over, oldest end first."""

    def of(board: str) -> Iterator[Period]:
        period = period_of(board, first_day)
        while period.ends_at <= as_of:
            yield period
            period = period_of(board, period.end)

    periods: Iterable[Period] = (period for board in PERIODIC_BOARDS for period in of(board))
    return sorted(periods, key=lambda period: period.end)


def day_before(moment: datetime) -> date:
    """UTC day a sync at this moment belongs to: 00:00 exactly belongs to the day that just ended."""
    return (moment.astimezone(UTC) - timedelta(microseconds=1)).date()
