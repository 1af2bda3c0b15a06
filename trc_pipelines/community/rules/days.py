"""Figures of each day, from a step that computes several days at once."""

from datetime import date

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
