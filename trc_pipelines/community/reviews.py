"""What a person decides about a quarantined sync, and how it is written down."""

from datetime import datetime
from typing import Literal, get_args

import pandas as pd

from trc_pipelines.community.steps.xp_deltas import write_pending_deltas
from trc_pipelines.database.connection import Transaction
from trc_pipelines.jobs.contract import JobError

Decision = Literal["approve", "rebaseline", "discard"]
DECISIONS: tuple[Decision, ...] = get_args(Decision)
DONE = {
    "approve": "approved: the next sync posts what was gained",
    "rebaseline": "taken as a new baseline: no points either way, counting starts from its figures",
    "discard": "discarded: nothing will come of it",
}


def review_sync(
    transaction: Transaction,
    sync_id: int,
    decision: Decision,
    *,
    reason: str,
    reviewed_by: str,
    now: datetime,
) -> str:
    """Let a quarantined sync through, take it as a new baseline, or drop it.

    Returns:
        One line about it.

    Raises:
        JobError: there is no such sync, it does not wait for a decision, a newer one has been
            accepted, or no reason is given.
    """
    if not reason.strip():
        raise JobError("a decision needs a reason; it is kept with the sync")
    # Before looking: of two decisions the second sees what the first did.
    transaction.execute("jobs/lock_step", table="community.xp_deltas")
    sync = transaction.read_row("community/lock_sync", sync_id=sync_id)
    if sync is None:
        raise JobError(f"there is no sync {sync_id}; trc snapshots list shows those that wait")
    if sync["status"] != "quarantined":
        raise JobError(
            f"sync {sync_id} is {sync['status']}"
            + (f" ({sync['review_reason']})" if sync["review_reason"] else "")
            + "; only a quarantined one waits for a decision"
        )
    newest = transaction.read_row("community/select_newest_accepted_sync") or {"sync_id": 0}
    if decision != "discard" and not sync["is_kept"]:
        raise JobError(f"the readings of sync {sync_id} are purged; it can only be discarded")
    if decision != "discard" and newest["sync_id"] > sync_id:
        raise JobError(
            f"sync {newest['sync_id']} is newer and was accepted since, with all that was gained; "
            f"sync {sync_id} can only be discarded"
        )
    transaction.execute(
        "community/review_sync",
        sync_id=sync_id,
        status="discarded" if decision == "discard" else "accepted",
        is_rebaseline=decision == "rebaseline",
        now=now,
        reviewed_by=reviewed_by,
        reason=reason.strip(),
    )
    # Now, and not with the next sync: its audit compares with the states this leaves.
    write_pending_deltas(transaction, None)
    return f"sync {sync_id} is {DONE[decision]}"


def list_syncs(transaction: Transaction) -> pd.DataFrame:
    """List syncs that wait for a person, and the latest that were decided, newest first."""
    return transaction.read("community/select_syncs_to_review")


def compare_snapshot(transaction: Transaction, sync_id: int, most: int) -> pd.DataFrame:
    """List accounts that differ most from what is known of them: the evidence for a decision."""
    return transaction.read("community/select_snapshot_differences", sync_id=sync_id, most=most)
