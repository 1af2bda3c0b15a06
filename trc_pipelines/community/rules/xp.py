"""From readings to XP gained: baselines, absence, and the carry that turns XP into whole points.

For every account and any history: 100 · Σ whole + carry = xp_now − baseline_xp.
"""

import numpy as np
import pandas as pd

XP_PER_WHOLE = 100
ORGANIC_XP_PER_INTERVAL = 375  # 25 XP a message, one message a minute, 15 minutes, at rate 1
INTERVAL_SECONDS = 900
PLAUSIBLE_FACTOR = 2


def compute_deltas(
    readings: pd.DataFrame, *, xp_rate: float, is_rebaseline: bool = False
) -> pd.DataFrame:
    """Compute what each account gained since it was last seen.

    Args:
        readings: one row per account of one sync: discord_id, member_id, xp, is_present, and what
            was known before: state_member_id, state_is_present, state_is_never_present, state_xp,
            state_baseline_xp, state_carry (all NULL for an account never read), absent_seconds
            (time since the last complete reading it was missing from, NULL when there is none).
        xp_rate: XP multiplier of the guild.
        is_rebaseline: nothing known before counts: who is present gets a baseline, who is absent
            gets one on return.

    Returns:
        One row per account with a baseline, a change of XP or of presence, columns as in
        `community.xp_deltas` except sync_id. Unchanged accounts have no row.
    """
    present = readings["is_present"].to_numpy(dtype=bool)
    xp = readings["xp"].astype("Int64").where(present)
    # An account that passes to another member starts again, or its XP would be paid twice.
    known = (
        (readings["state_member_id"] == readings["member_id"]).fillna(False).to_numpy(dtype=bool)
    )
    known = known & (not is_rebaseline)
    was_present = known & readings["state_is_present"].fillna(False).to_numpy(dtype=bool)
    counted = known & readings["state_xp"].notna().to_numpy()
    # What was never on the board had 0 XP; what was there under another member had not.
    is_new = known & readings["state_is_never_present"].fillna(False).to_numpy(dtype=bool)

    plausible = (xp <= plausible_xp(readings["absent_seconds"], xp_rate)).fillna(False)
    joined = present & is_new & plausible.to_numpy(dtype=bool)
    baseline = present & ~counted & ~joined
    moved = (xp != readings["state_xp"]).fillna(False).to_numpy(dtype=bool)
    change = present & counted & (moved | ~was_present)
    absent = ~present & (~known | was_present)

    delta = (xp - readings["state_xp"]).where(change).mask(joined, xp)
    carry_before = (
        readings["state_carry"].where(change | (absent & known)).fillna(0).astype("int64")
    )
    total = (carry_before + delta.fillna(0)).astype("int64")
    whole = np.sign(total) * (total.abs() // XP_PER_WHOLE)
    deltas = pd.DataFrame(
        {
            "discord_id": readings["discord_id"],
            "member_id": readings["member_id"],
            "kind": np.select(
                [baseline, absent, joined], ["baseline", "absent", "joined"], "change"
            ),
            "is_flagged": baseline & is_new,
            "xp_total": xp,
            "xp_delta": delta,
            "baseline_xp": readings["state_baseline_xp"]
            .where(known)
            .mask(joined, 0)
            .mask(baseline, xp),
            "carry_before": carry_before,
            "whole": whole,
            "carry_after": total - XP_PER_WHOLE * whole,
        }
    )
    has_row = baseline | absent | joined | change
    kept: pd.DataFrame = deltas.loc[has_row].reset_index(drop=True)
    return kept


def follow_states(readings: pd.DataFrame, deltas: pd.DataFrame, sync_id: int) -> pd.DataFrame:
    """Tell where accounts stand after a sync, of which something was read that was not known.

    Args:
        readings: as for `compute_deltas`, with level, message_count, confirmed_sync_id (the last
            sync that confirmed whether the account is on the board) and the other columns of
            `community.xp_states` as state_….
        deltas: what `compute_deltas` gave for them, with account_id.

    Returns:
        Columns of `community.xp_states`.
    """
    changed = readings[readings["discord_id"].isin(deltas["discord_id"])].reset_index(drop=True)
    is_same = (changed["state_member_id"] == changed["member_id"]).fillna(value=False).astype(bool)
    absent, last_xp = deltas["kind"] == "absent", changed["state_xp"].where(is_same)
    goes_on = (
        is_same & (deltas["kind"] != "baseline") & deltas["baseline_xp"].notna() & last_xp.notna()
    )
    paid = changed["state_whole_total"].where(goes_on).fillna(0).astype("int64")
    moved = pd.DataFrame(
        {
            "discord_id": changed["discord_id"],
            "member_id": changed["member_id"],
            "account_id": deltas["account_id"],
            "last_sync_id": sync_id,
            "is_present": ~absent,
            "is_never_present": absent
            & changed["state_is_never_present"].fillna(value=True).astype(bool),
            "xp": deltas["xp_total"].fillna(last_xp).where(deltas["baseline_xp"].notna()),
            "baseline_xp": deltas["baseline_xp"],
            "whole_total": deltas["whole"].astype("int64") + paid,
            "carry": deltas["carry_after"],
            "level": changed["level"],
            "message_count": changed["message_count"],
            "confirmed_sync_id": pd.array([pd.NA] * len(changed), dtype="Int64"),
        }
    )
    stood = readings[
        ~readings["discord_id"].isin(deltas["discord_id"]) & readings["state_member_id"].notna()
    ]
    if stood.empty:
        return moved
    is_confirmed = stood["is_present"].notna()
    read = {
        "discord_id": stood["discord_id"],
        "level": stood["level"].where(is_confirmed, stood["state_level"]),
        "message_count": stood["message_count"].where(is_confirmed, stood["state_message_count"]),
        "confirmed_sync_id": stood["confirmed_sync_id"].mask(is_confirmed),
    }
    kept = {name: stood[f"state_{name}"] for name in moved if name not in read}
    return pd.concat([moved, pd.DataFrame(read | kept)[list(moved)]], ignore_index=True)


def plausible_xp(seconds: pd.Series, xp_rate: float) -> pd.Series:
    """The most XP that chatting can gain in so many seconds, doubled, and at least one interval's."""
    intervals = (seconds / INTERVAL_SECONDS).clip(lower=1)
    return intervals * ORGANIC_XP_PER_INTERVAL * xp_rate * PLAUSIBLE_FACTOR
