"""From a reading of the board to snapshot rows, and the audit that decides whether to believe it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from trc_pipelines.community.rules.xp import plausible_xp

# Shares of a small community are members, not none: an admin may correct one, more is a collapse.
FEW_ACCOUNTS = 1
# Members may unlink, and lose nothing they had: only a crowd looks like an app that lost its links.
FEW_UNLINKED = 5


@dataclass(frozen=True)
class Thresholds:
    """What a reading is quarantined above: shares (0 to 1) of the accounts, XP of one account."""

    missing_share: float
    dropped_share: float
    total_drop_share: float
    implausible_share: float
    gain: int


@dataclass(frozen=True)
class Audit:
    """Verdict on a reading: why it is not believed (empty: it is), and the figures behind it."""

    findings: list[str]
    figures: dict[str, Any]

    @property
    def passed(self) -> bool:
        """Whether the reading may feed the ledger."""
        return not self.findings


def recall_accounts(
    accounts: pd.DataFrame, states: pd.DataFrame, missing: pd.DataFrame
) -> pd.DataFrame:
    """Linked accounts with what the last accepted sync knew of them, in order of discord_id.

    Args:
        accounts: discord_id, member_id. An account that two members claim is contested.
        states: discord_id (unique), member_id, xp, is_present, last_sync_id. What is known of an
            account counts for the member it was linked to, and for nobody else.
        missing: discord_id of accounts that were looked for in vain not long ago.

    Returns:
        discord_id int64, member_id, last_xp, is_present and changed_sync_id (NULL: nothing known),
        is_contested, is_sought (worth reading the whole board).
    """
    accounts = (
        accounts.astype({"discord_id": "int64"})
        .drop_duplicates()
        .sort_values("discord_id", ignore_index=True)
    )
    known = pd.Index(states["discord_id"].to_numpy(dtype="int64")).get_indexer(
        accounts["discord_id"]
    )
    recalled = states.reindex(known)  # -1, nothing known, is no label: NULL
    is_same = recalled["member_id"].to_numpy() == accounts["member_id"].to_numpy()
    return accounts.assign(
        last_xp=recalled["xp"].where(is_same).array,
        is_present=recalled["is_present"].where(is_same).array,
        changed_sync_id=recalled["last_sync_id"].where(is_same).array,
        is_contested=accounts.duplicated("discord_id", keep=False),
        is_sought=~accounts["discord_id"].isin(missing["discord_id"]),
    )


def build_snapshot(
    accounts: pd.DataFrame, players: pd.DataFrame, sync_id: int, *, is_complete: bool
) -> pd.DataFrame:
    """One row per linked account, in the order of `accounts`.

    Args:
        accounts: linked accounts: discord_id (unique), member_id, is_contested.
        players: the board: discord_id (unique), xp, level, message_count. Players who are not
            linked are dropped here and kept nowhere.
        is_complete: whether the board was read to its end: only then is absent who is not on it.

    Returns:
        sync_id, discord_id, member_id, xp (0 when not present), level, message_count, is_present
        (NULL: not confirmed either way, as for contested accounts).
    """
    is_contested = accounts["is_contested"].to_numpy(dtype=bool)
    counted = players[~players["discord_id"].isin(accounts.loc[is_contested, "discord_id"])]
    found = counted.set_index("discord_id").reindex(accounts["discord_id"].to_numpy())
    present = found["xp"].notna().to_numpy()
    return pd.DataFrame(
        {
            "sync_id": sync_id,
            "discord_id": accounts["discord_id"].to_numpy(),
            "member_id": accounts["member_id"].array,
            "xp": found["xp"].astype("Int64").fillna(0).array,
            "level": found["level"].astype("Int32").array,
            "message_count": found["message_count"].astype("Int64").array,
            "is_present": pd.array(present, dtype="boolean"),
        }
    ).assign(
        is_present=lambda rows: rows["is_present"].mask(
            ~present & (is_contested | (not is_complete))
        )
    )


def audit_snapshot(
    accounts: pd.DataFrame,
    snapshot: pd.DataFrame,
    *,
    board_is_empty: bool,
    xp_rate: float,
    guild_id: int,
    last_guild_id: int | None,
    sync_id: int,
    last_sync_id: int | None,
    unlinked: int,
    thresholds: Thresholds,
) -> Audit:
    """Compare a snapshot with what was known before it; rows of both frames correspond.

    Judged are all who were ever read, also those who were absent last time: who comes back with
    less, or with more than can be, is no more to be believed than who stayed. Nothing is said of
    one account alone, unless it gained beyond measure: an admin may correct one member.

    Args:
        accounts: discord_id, is_present, last_xp and changed_sync_id (NULL: nothing known) as of
            the last accepted sync, is_contested.
        snapshot: as built by `build_snapshot`.
        last_guild_id, last_sync_id: of the newest accepted sync; None before the first.
        unlinked: how many accounts that were read before are not linked any more.
    """
    is_known = (accounts["last_xp"].notna() & ~accounts["is_contested"]).to_numpy(dtype=bool)
    before = is_known & accounts["is_present"].fillna(False).to_numpy(dtype=bool)
    last_xp = accounts["last_xp"].fillna(0).to_numpy(dtype="int64")
    xp = snapshot["xp"].to_numpy(dtype="int64")
    now = snapshot["is_present"].fillna(False).to_numpy(dtype=bool)
    both = is_known & now
    known = int(is_known.sum())
    missing = int((before & ~now).sum())
    dropped = int((both & (xp < last_xp)).sum())
    gains = np.where(both, xp - last_xp, 0)
    # Who was absent has had the time since then, of which at least this much is known.
    since = accounts["changed_sync_id"].mask(before, last_sync_id or sync_id).fillna(sync_id)
    plausible = plausible_xp(sync_id - since, xp_rate).to_numpy(dtype="float64")
    implausible = int((gains > plausible).sum())
    largest = int(gains.max(initial=0))
    total_before, total_now = int(last_xp[both].sum()), int(xp[both].sum())
    figures = {
        "known_accounts": known,
        "missing_accounts": missing,
        "unlinked_accounts": unlinked,
        "dropped_accounts": dropped,
        "implausible_gains": implausible,
        "largest_gain": largest,
        "total_xp_before": total_before,
        "total_xp_now": total_now,
    }
    findings = []
    if last_sync_id is not None and sync_id <= last_sync_id:
        findings.append(f"stale: older than the accepted sync {last_sync_id}")
    if last_guild_id is not None and guild_id != last_guild_id:
        findings.append(f"another guild: {guild_id} instead of {last_guild_id}")
    if board_is_empty and before.any():
        findings.append("the board is empty where there used to be players")
    if missing > max(thresholds.missing_share * known, FEW_ACCOUNTS):
        findings.append(f"{missing} of {known} known members are missing")
    if unlinked > max(thresholds.missing_share * (known + unlinked), FEW_UNLINKED):
        findings.append(f"{unlinked} of {known + unlinked} known members are not linked any more")
    if dropped > max(thresholds.dropped_share * known, FEW_ACCOUNTS):
        findings.append(f"the XP of {dropped} of {known} known members has dropped")
    if implausible > max(thresholds.implausible_share * known, FEW_ACCOUNTS):
        findings.append(
            f"{implausible} of {known} known members gained more XP than chatting can give in "
            "that time"
        )
    if largest > thresholds.gain:
        findings.append(f"one member gained {largest} XP at once")
    fall = total_before - total_now
    if fall > thresholds.total_drop_share * total_before and dropped > FEW_ACCOUNTS:
        findings.append(f"total XP fell from {total_before} to {total_now}: a board reset?")
    return Audit(findings, figures)
