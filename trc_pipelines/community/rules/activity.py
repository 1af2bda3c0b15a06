"""What a member did on a day: points by kind of action, XP gained, and whether it was a day active."""

from datetime import datetime

import pandas as pd

from trc_pipelines.community.rules.ledger import DISCORD_ACTION

ADJUSTMENT_ACTION = "admin_adjustment"


def summarise_days(
    xp_gains: pd.DataFrame, entries: pd.DataFrame, cut_over_at: datetime | None = None
) -> pd.DataFrame:
    """Give a row for each member and day with XP gained or ledger entries.

    Args:
        xp_gains: member_id, day, xp_delta (> 0), gained_at.
        entries: member_id, day, action, points, effective_at.
        cut_over_at: before it an old job of the app counted days, by any positive entry.

    Returns:
        Columns of `community.daily_points`. A day is active with at least one XP gain or one
        positive entry of an action that earns points (an admin's adjustment does not).
    """
    discord = entries["action"] == DISCORD_ACTION
    adjustment = entries["action"] == ADJUSTMENT_ACTION
    earning = (entries["points"] > 0) & ~adjustment
    if cut_over_at is not None:
        earning |= (entries["points"] > 0) & (entries["effective_at"] < cut_over_at)
    facts = pd.concat(
        [
            pd.DataFrame(
                {
                    "member_id": xp_gains["member_id"],
                    "day": xp_gains["day"],
                    "discord_points": 0,
                    "contribution_points": 0,
                    "adjustment_points": 0,
                    "points": 0,
                    "xp_gained": xp_gains["xp_delta"].to_numpy(dtype="int64"),
                    "is_active": True,
                    "last_active_at": pd.Series(
                        pd.NaT, index=xp_gains.index, dtype="datetime64[us, UTC]"
                    ),
                }
            ),
            pd.DataFrame(
                {
                    "member_id": entries["member_id"],
                    "day": entries["day"],
                    "discord_points": entries["points"].where(discord, 0).to_numpy(dtype="int64"),
                    "contribution_points": entries["points"]
                    .mask(discord | adjustment, 0)
                    .to_numpy(dtype="int64"),
                    "adjustment_points": entries["points"]
                    .where(adjustment, 0)
                    .to_numpy(dtype="int64"),
                    "points": entries["points"].to_numpy(dtype="int64"),
                    "xp_gained": 0,
                    "is_active": earning.to_numpy(dtype=bool),
                    "last_active_at": entries["effective_at"].where(earning.to_numpy(dtype=bool)),
                }
            ),
        ],
        ignore_index=True,
    )
    return facts.groupby(["member_id", "day"], as_index=False, sort=True).agg(
        discord_points=("discord_points", "sum"),
        contribution_points=("contribution_points", "sum"),
        adjustment_points=("adjustment_points", "sum"),
        points=("points", "sum"),
        xp_gained=("xp_gained", "sum"),
        is_active=("is_active", "max"),
        last_active_at=("last_active_at", "max"),
    )
