"""From readings to XP gained: each accepted sync becomes deltas and states, oldest first."""

from datetime import datetime

import pandas as pd

from trc_pipelines.calendar import reporting_day
from trc_pipelines.community.accounts import find_accounts
from trc_pipelines.community.relations import NAME
from trc_pipelines.community.rules.xp import compute_deltas, follow_states
from trc_pipelines.community.steps.mee6_leaderboard_snapshot import mee6_syncs
from trc_pipelines.database.connection import Transaction
from trc_pipelines.jobs.contract import Result, Work, step


@step(
    NAME,
    deps=[mee6_syncs],
    max_age_minutes=35,
    unit="sync",
    taken_over={"sync_id": (mee6_syncs, "sync_id")},
)
def xp_deltas(work: Work) -> Result:
    """One row per linked account and accepted sync in which something changed. Append-only.

    Covers every accepted sync not yet processed, oldest first. The first reading of an account
    is its baseline: history is never awarded. Absence never deducts.
    """
    written = write_pending_deltas(work.transaction, work.budget.left)
    changes = sum(map(len, written))
    return Result(
        affected=changes,
        details={
            "syncs": len(written),
            "changes": changes,
            "baselines": sum(int((deltas["kind"] == "baseline").sum()) for deltas in written),
            "xp_gained": sum(int(deltas["xp_delta"].clip(lower=0).sum()) for deltas in written),
            "xp_removed": sum(-int(deltas["xp_delta"].clip(upper=0).sum()) for deltas in written),
        },
        rows_written=changes,
    )


def write_pending_deltas(transaction: Transaction, most_syncs: int | None) -> list[pd.DataFrame]:
    """Write the deltas of accepted syncs that have none yet, oldest first.

    Returns:
        The deltas of each sync.
    """
    pending = transaction.read_rows("community/select_syncs_without_deltas", most=most_syncs)
    return [_write_deltas(transaction, **sync) for sync in pending]


def _write_deltas(
    transaction: Transaction,
    sync_id: int,
    synced_at: datetime,
    xp_rate: float,
    *,
    is_rebaseline: bool,
    is_before_cut_over: bool,
    is_whole: bool,
) -> pd.DataFrame:
    """Write what changed in a sync and where its accounts stand now.

    A delta counts from the state that the sync before it left. Before the cut-over there is none:
    XP gained until then was for the app's old job to pay.
    """
    readings = transaction.read(
        "community/select_changed_readings", sync_id=sync_id, is_rebaseline=is_rebaseline
    )
    confirmed = readings[readings["is_present"].notna()].reset_index(drop=True)
    deltas = compute_deltas(
        confirmed, xp_rate=xp_rate, is_rebaseline=is_rebaseline or is_before_cut_over
    )
    has_delta = confirmed["discord_id"].isin(deltas["discord_id"])
    accounts = _find_accounts(transaction, confirmed[has_delta])
    deltas = deltas.assign(account_id=accounts.array)
    transaction.append(
        "community.xp_deltas",
        deltas.drop(columns=["discord_id", "member_id"]).assign(sync_id=sync_id),
    )
    if len(readings):
        transaction.stage("staged_xp_states", follow_states(readings, deltas, sync_id))
        transaction.execute("community/upsert_xp_states")
    transaction.execute("community/insert_unlinked_accounts", sync_id=sync_id, is_whole=is_whole)
    transaction.execute("community/mark_deltas_done", sync_id=sync_id)
    if (deltas["xp_delta"] > 0).any():
        transaction.execute("community/mark_day_stale", day=reporting_day(synced_at))
    return deltas


def _find_accounts(transaction: Transaction, readings: pd.DataFrame) -> pd.Series:
    """The keys of the accounts: those of the same member are known from the sync before."""
    is_known = (readings["state_member_id"] == readings["member_id"]).fillna(False).astype(bool)
    known = readings["state_account_id"].astype("Int64").where(is_known)
    if is_known.all():
        return known.astype("int64")
    new = find_accounts(transaction, readings.loc[~is_known, ["member_id", "discord_id"]])
    return known.fillna(new).astype("int64")
