"""From a reading of the board to snapshot rows, and the audit that decides whether to believe it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from trc_pipelines.community.xp import plausible_xp

# An admin who corrects one member of a small community is no collapse of its board.
FEW_ACCOUNTS = 5


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


def recall_accounts(accounts: pd.DataFrame, states: pd.DataFrame) -> pd.DataFrame:
    """Linked accounts with what the last accepted sync knew of them, in order of discord_id.

    Args:
        accounts: discord_id (unique), member_id.
        states: discord_id (unique), member_id, xp, is_present. What is known of an account counts
            for the member it was linked to, and for nobody else.

    Returns:
        discord_id int64, member_id, last_xp and is_present (NULL: nothing known).
    """
    accounts = accounts.astype({"discord_id": "int64"}).sort_values("discord_id", ignore_index=True)
    known = pd.Index(states["discord_id"].to_numpy(dtype="int64")).get_indexer(
        accounts["discord_id"]
    )
    recalled = states.reindex(known)  # -1, nothing known, is no label: NULL
    is_same = recalled["member_id"].to_numpy() == accounts["member_id"].to_numpy()
    return accounts.assign(
        last_xp=recalled["xp"].where(is_same).array,
        is_present=recalled["is_present"].where(is_same).array,
    )


def build_snapshot(accounts: pd.DataFrame, players: pd.DataFrame, sync_id: int) -> pd.DataFrame:
    """One row per linked account, in the order of `accounts`; who is not on the board is absent.

    Args:
        accounts: linked accounts: discord_id, member_id.
        players: the complete board: discord_id (unique), xp, level, message_count. Players who
            are not linked are dropped here and kept nowhere.

    Returns:
        sync_id, discord_id, member_id, xp (0 when absent), level, message_count, is_present.
    """
    found = players.set_index("discord_id").reindex(accounts["discord_id"].to_numpy())
    present = found["xp"].notna().to_numpy()
    return pd.DataFrame(
        {
            "sync_id": sync_id,
            "discord_id": accounts["discord_id"].to_numpy(),
            "member_id": accounts["member_id"].array,
            "xp": found["xp"].astype("Int64").fillna(0).array,
            "level": found["level"].astype("Int32").array,
            "message_count": found["message_count"].astype("Int64").array,
            "is_present": present,
        }
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
    thresholds: Thresholds,
) -> Audit:
    """Compare a snapshot with what was known before it; rows of both frames correspond.

    Args:
        accounts: discord_id, is_present and last_xp (NULL: never seen) as of the last accepted sync.
        snapshot: as built by `build_snapshot`.
        last_guild_id, last_sync_id: of the newest accepted sync; None before the first.
    """
    before = accounts["is_present"].fillna(False).to_numpy(dtype=bool)
    last_xp = accounts["last_xp"].fillna(0).to_numpy(dtype="int64")
    xp = snapshot["xp"].to_numpy(dtype="int64")
    both = before & snapshot["is_present"].to_numpy(dtype=bool)
    known = int(before.sum())
    missing = int((before & ~snapshot["is_present"].to_numpy(dtype=bool)).sum())
    dropped = int((both & (xp < last_xp)).sum())
    gains = np.where(both, xp - last_xp, 0)
    elapsed = pd.Series([sync_id - (last_sync_id or sync_id)])
    implausible = int((gains > plausible_xp(elapsed, xp_rate).iat[0]).sum())
    largest = int(gains.max(initial=0))
    total_before, total_now = int(last_xp[both].sum()), int(xp[both].sum())
    figures = {
        "known_accounts": known,
        "missing_accounts": missing,
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
    if board_is_empty and known:
        findings.append("the board is empty where there used to be players")
    if missing > thresholds.missing_share * known and _is_many(missing, known):
        findings.append(f"{missing} of {known} members present before are missing")
    if dropped > thresholds.dropped_share * known and _is_many(dropped, known):
        findings.append(f"the XP of {dropped} of {known} members present before has dropped")
    if implausible > thresholds.implausible_share * known and _is_many(implausible, known):
        findings.append(
            f"{implausible} of {known} members gained more XP than chatting can give in that time"
        )
    if largest > thresholds.gain:
        findings.append(f"one member gained {largest} XP at once")
    fall = total_before - total_now
    if fall > thresholds.total_drop_share * total_before and _is_many(dropped, known):
        findings.append(f"total XP fell from {total_before} to {total_now}: a board reset?")
    return Audit(findings, figures)


def _is_many(accounts: int, known: int) -> bool:
    return accounts >= FEW_ACCOUNTS or 1 < known == accounts
