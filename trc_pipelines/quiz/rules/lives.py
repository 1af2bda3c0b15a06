"""Lives come back by themselves, one every half hour, up to the player's maximum."""

from datetime import datetime, timedelta

import pandas as pd

REGENERATION = timedelta(minutes=30)


def regenerate_lives(due: pd.DataFrame, as_of: datetime, *, catch_up: bool) -> pd.DataFrame:
    """Compute the lives to give back, and when the next one is due.

    A deadline moves on from itself, not from the clock: anchored to when a run happens to start, a
    player would lose up to a full cycle each time it starts a little early (from 0 to 5 lives took
    233 minutes instead of 165 in a simulation).

    Args:
        due: user_id, current_lives and max_lives (current < max), next_regen_at (UTC, at or before
            `as_of`; NULL where a life is missing and none is on its way).
        catch_up: give back every life that came due since, not only one.

    Returns:
        The same rows with due_at (the deadline they had), lives_added, new_total, next_regen_at: NULL
        when full, for a deadline left behind would hand the next lost life straight back. Where
        there was no deadline one is set, half an hour away, and nothing is given. waited_minutes is
        how long the player has waited: since half an hour before the deadline.
    """
    due_at = due["next_regen_at"].dt.as_unit("us")
    missing = due["max_lives"] - due["current_lives"]
    owed = 1 + (pd.Timestamp(as_of) - due_at) // REGENERATION if catch_up else due_at.notna()
    added = owed.fillna(0).astype("int64").clip(upper=missing)
    following = (due_at + added * REGENERATION).fillna(pd.Timestamp(as_of + REGENERATION))
    return due.assign(
        due_at=due_at,
        lives_added=added,
        new_total=due["current_lives"] + added,
        next_regen_at=following.mask(added == missing),
        waited_minutes=(pd.Timestamp(as_of) - due_at + REGENERATION) / pd.Timedelta(minutes=1),
    )
