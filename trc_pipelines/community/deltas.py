"""Working off one accepted sync: its readings become deltas and states."""

from datetime import datetime

import pandas as pd

from trc_pipelines.calendar import day_before
from trc_pipelines.community.xp import compute_deltas
from trc_pipelines.database.connection import Transaction


def write_deltas(
    transaction: Transaction,
    sync_id: int,
    synced_at: datetime,
    xp_rate: float,
    *,
    is_rebaseline: bool,
) -> pd.DataFrame:
    """Write what changed in a sync and where its accounts stand now; the deltas.

    Syncs are worked off oldest first: a delta counts from the state the one before left.
    """
    readings = transaction.read(
        "community/select_changed_readings", sync_id=sync_id, is_rebaseline=is_rebaseline
    )
    deltas = compute_deltas(readings, xp_rate=xp_rate, is_rebaseline=is_rebaseline)
    transaction.append("community.xp_deltas", deltas.assign(sync_id=sync_id))
    transaction.execute("community/insert_unlinked_accounts", sync_id=sync_id)
    transaction.execute("community/upsert_xp_states", sync_id=sync_id)
    transaction.execute("community/mark_deltas_done", sync_id=sync_id)
    if (deltas["xp_delta"] > 0).any():
        transaction.execute("community/mark_day_stale", day=day_before(synced_at))
    return deltas


def write_pending_deltas(transaction: Transaction, most_syncs: int | None) -> list[pd.DataFrame]:
    """Work off accepted syncs that wait for it, oldest first; the deltas of each."""
    pending = transaction.read_rows("community/select_syncs_without_deltas", most=most_syncs)
    return [write_deltas(transaction, **sync) for sync in pending]
