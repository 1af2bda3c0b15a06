"""Streaks break after a pause of more than 48 hours, unless a protection is left for the day."""

from datetime import timedelta

import pandas as pd

STREAK_BREAK = timedelta(hours=48)


def judge_streaks(overdue: pd.DataFrame) -> pd.DataFrame:
    """Decide what a pause costs: exactly one protection, or the streak.

    Args:
        overdue: user_id, current_streak (> 0), protections_remaining, last_quiz_at (more than
            `STREAK_BREAK` before the day).

    Returns:
        The same rows with outcome ('protected' or 'broken') and protections_left.
    """
    is_protected = overdue["protections_remaining"] > 0
    return overdue.assign(
        outcome=is_protected.map({True: "protected", False: "broken"}),
        protections_left=(overdue["protections_remaining"] - 1).clip(lower=0),
    )
