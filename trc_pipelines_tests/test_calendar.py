"""Days, weeks and months, and the periods of boards."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from trc_pipelines.calendar import (
    PERIODIC_BOARDS,
    board_starts,
    ended_periods,
    midnight,
    month_start,
    months_between,
    period_of,
    reporting_day,
    week_start,
)

WEEKLY, MONTHLY = PERIODIC_BOARDS
MOMENT = timedelta(microseconds=1)


def test_a_day_begins_at_midnight_utc() -> None:
    assert midnight(date(2026, 3, 4)) == datetime(2026, 3, 4, tzinfo=UTC)


def test_midnight_itself_belongs_to_the_day_that_ended() -> None:
    begins = datetime(2026, 3, 4, tzinfo=UTC)
    assert reporting_day(begins) == date(2026, 3, 3)
    assert reporting_day(begins + MOMENT) == date(2026, 3, 4)
    elsewhere = begins.astimezone(timezone(timedelta(hours=5)))
    assert reporting_day(elsewhere) == date(2026, 3, 3)


@pytest.mark.parametrize("day", [2, 3, 7, 8])
def test_a_week_begins_on_its_monday(day: int) -> None:
    assert week_start(date(2026, 3, day)) == date(2026, 3, 2)


@pytest.mark.parametrize("day", [1, 2, 31])
def test_a_month_begins_on_its_first(day: int) -> None:
    assert month_start(date(2026, 3, day)) == date(2026, 3, 1)


def test_a_range_of_days_is_cut_where_its_months_end() -> None:
    first, last = date(2026, 1, 31), date(2026, 4, 1)
    assert list(months_between(first, last)) == [
        (first, first),
        (date(2026, 2, 1), date(2026, 2, 28)),
        (date(2026, 3, 1), date(2026, 3, 31)),
        (last, last),
    ]
    assert list(months_between(date(2026, 12, 5), date(2026, 12, 9))) == [
        (date(2026, 12, 5), date(2026, 12, 9))
    ]
    assert list(months_between(date(2026, 12, 30), date(2027, 1, 1))) == [
        (date(2026, 12, 30), date(2026, 12, 31)),
        (date(2027, 1, 1), date(2027, 1, 1)),
    ]
    assert list(months_between(last, first)) == []


def test_every_board_begins_with_its_period_and_the_one_of_all_time_never_did() -> None:
    assert board_starts(date(2026, 3, 4)) == {
        "global": None,
        "weekly": date(2026, 3, 2),
        "monthly": date(2026, 3, 1),
    }


@pytest.mark.parametrize(
    ("board", "day", "start", "end", "label"),
    [
        (WEEKLY, date(2026, 3, 8), date(2026, 3, 2), date(2026, 3, 9), "2026-W10"),
        (WEEKLY, date(2027, 1, 1), date(2026, 12, 28), date(2027, 1, 4), "2026-W53"),
        (MONTHLY, date(2026, 2, 28), date(2026, 2, 1), date(2026, 3, 1), "2026-02"),
        (MONTHLY, date(2026, 12, 31), date(2026, 12, 1), date(2027, 1, 1), "2026-12"),
    ],
)
def test_a_period_holds_its_days_and_not_its_end(
    board: object, day: date, start: date, end: date, label: str
) -> None:
    period = period_of(board, day)
    assert (period.start, period.end, period.label) == (start, end, label)
    assert (period.begins_at, period.ends_at) == (midnight(start), midnight(end))
    assert period.last_day == end - timedelta(days=1)


def test_periods_that_are_over_come_by_their_end_and_one_is_over_at_midnight() -> None:
    first = date(2026, 2, 25)
    ended = ended_periods(first, datetime(2026, 3, 9, tzinfo=UTC))
    assert [(period.board, period.label) for period in ended] == [
        ("monthly", "2026-02"),
        ("weekly", "2026-W09"),
        ("weekly", "2026-W10"),
    ]
    before = ended_periods(first, datetime(2026, 3, 9, tzinfo=UTC) - MOMENT)
    assert [period.label for period in before] == ["2026-02", "2026-W09"]
