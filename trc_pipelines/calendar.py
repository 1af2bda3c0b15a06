"""Days and periods in UTC, in one place: midnight, weeks, months, and the boards that follow them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

WEEK = timedelta(days=7)


def midnight(day: date) -> datetime:
    """The instant a day begins, UTC."""
    return datetime.combine(day, time(), UTC)


def reporting_day(moment: datetime) -> date:
    """UTC day that figures taken at a moment belong to: at 00:00 exactly, the day that just ended."""
    return (moment.astimezone(UTC) - timedelta(microseconds=1)).date()


def week_start(day: date) -> date:
    """Monday of the ISO week that holds the day."""
    return day - timedelta(days=day.weekday())


def month_start(day: date) -> date:
    """First of the month that holds the day."""
    return day.replace(day=1)


def months_between(first_day: date, last_day: date) -> Iterator[tuple[date, date]]:
    """Cut a range of days at the ends of its months: first and last day of each part, in order."""
    while first_day <= last_day:
        next_month = month_start(month_start(first_day) + timedelta(days=31))
        yield first_day, min(next_month - timedelta(days=1), last_day)
        first_day = next_month


@dataclass(frozen=True)
class PeriodicBoard:
    """A kind of board that begins again with every period.

    Attributes:
        start_of: first day of the period that holds a day.
        longest: days of the longest period.
        label: says what a period is called, given its first day.
    """

    name: str
    start_of: Callable[[date], date]
    longest: int
    label: Callable[[date], str]


# The one place where boards are declared: every domain ranks, closes and publishes these, and the
# board of all time.
GLOBAL_BOARD = "global"
PERIODIC_BOARDS = (
    PeriodicBoard("weekly", week_start, 7, "{:%G-W%V}".format),
    PeriodicBoard("monthly", month_start, 31, "{:%Y-%m}".format),
)


def board_starts(day: date) -> dict[str, date | None]:
    """Map every board to the first day of its period on a day, None for the board of all time."""
    periodic = {board.name: board.start_of(day) for board in PERIODIC_BOARDS}
    return {GLOBAL_BOARD: None, **periodic}


@dataclass(frozen=True)
class Period:
    """One period of a board: from `start` up to, not including, `end`."""

    board: str
    start: date
    end: date
    label: str

    @property
    def last_day(self) -> date:
        """Last day in it."""
        return self.end - timedelta(days=1)

    @property
    def begins_at(self) -> datetime:
        """The instant it begins."""
        return midnight(self.start)

    @property
    def ends_at(self) -> datetime:
        """The instant it is over: midnight UTC, which belongs to the next one."""
        return midnight(self.end)


def period_of(board: PeriodicBoard, day: date) -> Period:
    """The board's period that holds the day."""
    start = board.start_of(day)
    end = board.start_of(start + timedelta(days=board.longest))
    return Period(board.name, start, end, board.label(start))


def ended_periods(first_day: date, as_of: datetime) -> list[Period]:
    """Every period that holds a day since `first_day` and is over, oldest end first."""

    def of(board: PeriodicBoard) -> Iterator[Period]:
        period = period_of(board, first_day)
        while period.ends_at <= as_of:
            yield period
            period = period_of(board, period.end)

    periods = (period for board in PERIODIC_BOARDS for period in of(board))
    return sorted(periods, key=lambda period: period.end)
