"""What is posted to the point ledger, and under which key, so that nothing is awarded twice."""

import pandas as pd

DISCORD_ACTION = "discord_activity"


def entries_from_deltas(deltas: pd.DataFrame, *, points_per_100_xp: int) -> pd.DataFrame:
    """Ledger entries for XP.

    Args:
        deltas: sync_id, synced_at, discord_id, member_id, xp_delta, whole.
        points_per_100_xp: in force at posting; 0 when the action is disabled: then nothing is
            posted, now or later.
    """
    # The sync of 00:00 covers what came before it, so it counts for the day that just ended.
    effective_on = (deltas["synced_at"] - pd.Timedelta(1, "us")).dt.tz_localize(None).dt.normalize()
    return _without_zeroes(
        pd.DataFrame(
            {
                "member_id": deltas["member_id"],
                "action": DISCORD_ACTION,
                "points": deltas["whole"] * points_per_100_xp,
                "effective_at": deltas["synced_at"],
                "effective_on": effective_on,
                "source_key": DISCORD_ACTION
                + ":"
                + deltas["sync_id"].astype(str)
                + ":"
                + deltas["discord_id"].astype(str),
                "sync_id": deltas["sync_id"],
                "metadata": '{"xp_delta": ' + deltas["xp_delta"].astype(str) + "}",
            }
        )
    )


def entries_from_transactions(transactions: pd.DataFrame) -> pd.DataFrame:
    """Ledger entries for points the app awarded itself.

    Args:
        transactions: transaction_id, member_id, action, points, created_at, metadata (JSON text).
    """
    return _without_zeroes(
        pd.DataFrame(
            {
                "member_id": transactions["member_id"],
                "action": transactions["action"],
                "points": transactions["points"],
                "effective_at": transactions["created_at"],
                "effective_on": transactions["created_at"].dt.tz_localize(None).dt.normalize(),
                "source_key": "point_transactions:" + transactions["transaction_id"].astype(str),
                "sync_id": pd.array([pd.NA] * len(transactions), dtype="Int64"),
                "metadata": transactions["metadata"],
            }
        )
    )


def _without_zeroes(entries: pd.DataFrame) -> pd.DataFrame:
    return entries[entries["points"] != 0].reset_index(drop=True)
