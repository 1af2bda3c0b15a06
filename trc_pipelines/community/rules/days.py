"""Days in a row, and figures of each, for steps that compute several days at once."""

from collections.abc import Iterable
from datetime import date, timedelta

import pandas as pd


def figures_by_day(figures: pd.DataFrame, days: tuple[date, date]) -> dict[date, dict[str, int]]:
    """Give the figures of each day as they are shown on its partition.

    Args:
        figures: figures as columns, days as index. One that a day lacks is 0.
        days: first and last day that were computed. One without figures has zeros.
    """
    every_day = pd.date_range(*days, unit="s")
    counted = figures.reindex(every_day).fillna(0).astype("int64")
    return dict(zip(every_day.date, counted.to_dict("records"), strict=True))


def find_ranges(days: Iterable[date]) -> list[tuple[date, date]]:
    """Find first and last days of the stretches that these days make, in order."""
    ranges: list[tuple[date, date]] = []
    for day in sorted(days):
        if ranges and day == ranges[-1][1] + timedelta(days=1):
            ranges[-1] = ranges[-1][0], day
        else:
            ranges.append((day, day))
    return ranges
