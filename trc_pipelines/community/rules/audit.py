"""The audit of a reading: whether to believe it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
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
    def status(self) -> str:
        """What becomes of the sync."""
        return "accepted" if self.passed else "quarantined"

    @property
    def passed(self) -> bool:
        """Whether the reading may feed the ledger."""
        return not self.findings


def audit_snapshot(
    accounts: pd.DataFrame,
    snapshot: pd.DataFrame,
    *,
    is_empty: bool,
    xp_rate: float,
    guild_id: int,
    last_guild_id: int | None,
    sync_id: int,
    last_sync_id: int | None,
    unlinked: int,
    thresholds: Thresholds,
) -> Audit:
    """Compare a snapshot with what was known before it. Rows of both frames correspond.

    Judged are all who were ever read, also those who were absent last time: who comes back with
    less, or with more than can be, is no more to be believed than who stayed. Nothing is said of
    one account alone, unless it gained beyond measure: an admin may correct one member.

    Args:
        accounts: discord_id, is_present, last_xp and changed_sync_id (NULL: nothing known) as of
            the last accepted sync, is_contested.
        snapshot: as built by `build_snapshot`.
        last_guild_id, last_sync_id: of the newest accepted sync, None before the first.
        unlinked: how many accounts that were read before are not linked any more.
    """
    is_known = (accounts["last_xp"].notna() & ~accounts["is_contested"]).to_numpy(dtype=bool)
    before = is_known & accounts["is_present"].fillna(False).to_numpy(dtype=bool)
    # Who was absent has had the time since then, of which at least this much is known.
    since = accounts["changed_sync_id"].mask(before, last_sync_id or sync_id).fillna(sync_id)
    plausible = plausible_xp(sync_id - since, xp_rate).to_numpy(dtype="float64")
    last_xp = accounts["last_xp"].fillna(0).to_numpy(dtype="int64")
    figures = {"unlinked_accounts": unlinked} | _compare(
        snapshot, is_known, before, last_xp, plausible
    )
    findings = []
    if last_guild_id is not None and guild_id != last_guild_id:
        findings.append(f"another guild: {guild_id} instead of {last_guild_id}")
    if is_empty and before.any():
        findings.append("the leaderboard is empty where there used to be players")
    return Audit([*findings, *_judge(figures, thresholds)], figures)


def _compare(
    snapshot: pd.DataFrame,
    is_known: npt.NDArray[np.bool_],
    before: npt.NDArray[np.bool_],
    last_xp: npt.NDArray[np.int64],
    plausible: npt.NDArray[np.float64],
) -> dict[str, int]:
    """How a snapshot differs from what was known, by account: was known, was there, XP, most gain."""
    xp = snapshot["xp"].to_numpy(dtype="int64")
    now = snapshot["is_present"].fillna(False).to_numpy(dtype=bool)
    both = is_known & now
    gains = np.where(both, xp - last_xp, 0)
    return {
        "known_accounts": int(is_known.sum()),
        "missing_accounts": int((before & ~now).sum()),
        "dropped_accounts": int((gains < 0).sum()),
        "implausible_gains": int((gains > plausible).sum()),
        "largest_gain": int(gains.max(initial=0)),
        "total_xp_before": int(last_xp[both].sum()),
        "total_xp_now": int(xp[both].sum()),
    }


def _judge(figures: dict[str, int], thresholds: Thresholds) -> Iterator[str]:
    """What of the figures is not to be believed."""
    known, missing = figures["known_accounts"], figures["missing_accounts"]
    unlinked, dropped = figures["unlinked_accounts"], figures["dropped_accounts"]
    implausible, largest = figures["implausible_gains"], figures["largest_gain"]
    if missing > max(thresholds.missing_share * known, FEW_ACCOUNTS):
        yield f"{missing} of {known} known members are missing"
    if unlinked > max(thresholds.missing_share * (known + unlinked), FEW_UNLINKED):
        yield f"{unlinked} of {known + unlinked} known members are not linked any more"
    if dropped > max(thresholds.dropped_share * known, FEW_ACCOUNTS):
        yield f"the XP of {dropped} of {known} known members has dropped"
    if implausible > max(thresholds.implausible_share * known, FEW_ACCOUNTS):
        yield (
            f"{implausible} of {known} known members gained more XP than chatting can give in "
            "that time"
        )
    if largest > thresholds.gain:
        yield f"one member gained {largest} XP at once"
    total_before, total_now = figures["total_xp_before"], figures["total_xp_now"]
    fall = total_before - total_now
    if fall > thresholds.total_drop_share * total_before and dropped > FEW_ACCOUNTS:
        yield f"total XP fell from {total_before} to {total_now}: a leaderboard reset?"
