"""Periods of leaderboards: weeks begin on Monday, months on the 1st, UTC; `global` has no end."""

from datetime import UTC, date, datetime, timedelta


def week_start(day: date) -> date:
    """Monday of the ISO week that holds the day."""
    return day - timedelta(days=day.weekday())


def month_start(day: date) -> date:
    """First of the month that holds the day."""
    return day.replace(day=1)


def day_before(moment: datetime) -> date:
    """UTC day a sync at this moment belongs to: 00:00 exactly belongs to the day that just ended."""
    return (moment.astimezone(UTC) - timedelta(microseconds=1)).date()
