"""Posting: XP and the app's awards become entries of the ledger."""

import pandas as pd

from trc_pipelines.calendar import day_before
from trc_pipelines.community.relations import point_actions, point_transactions
from trc_pipelines.community.rules import ledger
from trc_pipelines.community.steps.xp_deltas import xp_deltas
from trc_pipelines.jobs.contract import JobError, Result, Work, step


@step(
    "community",
    deps=[xp_deltas, point_actions, point_transactions],
    max_age_minutes=35,
    unit="sync",
)
def point_ledger(work: Work) -> Result:
    """One row per award or correction of points. Append-only, each source once.

    XP becomes points at the rate in force now; the app's own awards flow in beside them, whether or
    not MEE6 was read. Those that cannot be posted are set aside (`rejected_transactions`), those
    dated ahead wait for their day. Balances (`member_points`) move in the same transaction.
    """
    sync_ids = work.transaction.read("community/select_unposted_syncs", most=work.budget.left)[
        "sync_id"
    ].tolist()
    rate = int(work.transaction.read_value("community/select_discord_rate"))
    deltas = work.transaction.read("community/select_deltas_to_post", sync_ids=sync_ids)
    transactions, rejected = take_transactions(work)
    entries = pd.concat(
        [
            ledger.entries_from_deltas(deltas, points_per_100_xp=rate),
            ledger.entries_from_transactions(transactions),
        ],
        ignore_index=True,
    )
    posted = post_entries(work, entries)
    work.transaction.execute("community/mark_syncs_posted", sync_ids=sync_ids)
    work.transaction.execute(
        "community/record_sync_mode",
        day=day_before(work.options.now),
        is_sync_enabled=work.settings.mee6_sync_enabled,
    )
    return Result(
        affected=posted["entries"],
        message=f"{posted['entries']} entries, {posted['points_awarded']} points awarded, "
        f"{posted['points_deducted']} deducted"
        + (f"; {rejected} awards of the app are set aside" if rejected else ""),
        details={
            **posted,
            "syncs": len(sync_ids),
            "app_transactions": len(transactions),
            "rejected_transactions": rejected,
        },
        rows=posted["entries"],
    )


def take_transactions(work: Work) -> tuple[pd.DataFrame, int]:
    """The app's awards to post now, lowest id first, and how many are set aside."""
    today, limit = work.as_of.date(), work.budget.left
    cursor = work.transaction.read_row("community/select_posting_cursor") or {}
    is_swept = cursor.get("swept_on") is not None and cursor["swept_on"] >= today
    listed = work.transaction.read("community/select_rejected_transactions")[
        "transaction_id"
    ].tolist()
    found = work.transaction.read(
        "community/select_transactions_to_post",
        after_transaction_id=cursor["last_id"] if is_swept else None,
        transaction_ids=listed,
    )
    due, rejected = ledger.judge_transactions(found, as_of=work.as_of, now=work.options.now)
    work.transaction.stage(
        "staged_rejections", rejected[["transaction_id", "reason", "member_id", "points"]]
    )
    work.transaction.execute("community/replace_rejected_transactions", now=work.options.now)
    if limit is None or len(due) <= limit:
        swept_on = max(today, cursor.get("swept_on") or today)
        work.transaction.execute("community/upsert_posting_cursor", swept_on=swept_on)
    return due.head(len(due) if limit is None else limit), len(rejected)


def post_entries(work: Work, entries: pd.DataFrame) -> dict[str, int]:
    """Insert entries whose source key is new; counts of entries, points and days touched.

    Raises:
        JobError: a key is in the ledger already with other contents.
    """
    if entries.empty:
        return {"entries": 0, "points_awarded": 0, "points_deducted": 0, "days": 0}
    work.transaction.stage("staged_entries", entries)
    posted = work.transaction.read_row("community/insert_entries", run_id=work.options.run_id) or {}
    posted.pop("marked")
    if posted["entries"] < len(entries):
        conflict = work.transaction.read_value("community/find_conflicting_entry")
        if conflict is not None:
            raise JobError(
                f"the ledger has {conflict} already, with other contents; nothing was posted. "
                "A correction needs a source of its own."
            )
    return posted
