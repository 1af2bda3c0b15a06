"""Posting: XP and the app's awards become entries of the ledger."""

from typing import Any

import pandas as pd

from trc_pipelines.calendar import reporting_day
from trc_pipelines.community.accounts import find_accounts
from trc_pipelines.community.erasures import find_erased
from trc_pipelines.community.relations import NAME, point_actions, point_transactions
from trc_pipelines.community.rules import ledger
from trc_pipelines.community.steps.xp_deltas import xp_deltas
from trc_pipelines.jobs.contract import JobError, Result, Work, step

FIGURES = ("entries", "points_awarded", "points_deducted")
NOTHING: dict[str, Any] = {**dict.fromkeys(FIGURES, 0), "days": []}


@step(
    NAME,
    deps=[xp_deltas, point_actions, point_transactions],
    max_age_minutes=35,
    unit="sync",
    taken_over={"sync_id": (xp_deltas, "sync_id")},
)
def point_ledger(work: Work) -> Result:
    """One row per award or correction of points. Append-only, each source once.

    XP becomes points at the rate in force now. The app's own awards flow in beside them, whether or
    not MEE6 was read. Those that cannot be posted are set aside (`rejected_transactions`), those
    dated ahead wait for their day. Balances (`member_points`) move in the same transaction.
    """
    unposted = work.transaction.read_rows("community/select_unposted_syncs", most=work.budget.left)
    sync_ids = [row["sync_id"] for row in unposted]
    awards, set_aside = _take_awards(work)
    posted = [post_xp(work, sync_ids), _post_awards(work, awards)]
    figures = {name: sum(part[name] for part in posted) for name in FIGURES}
    work.transaction.execute(
        "community/record_sync_mode",
        day=reporting_day(work.options.now),
        is_sync_enabled=work.settings.mee6_sync_enabled,
    )
    return Result(
        affected=figures["entries"],
        details=figures
        | {
            "days": len({day for part in posted for day in part["days"]}),
            "syncs": len(sync_ids),
            "awards_of_the_app": len(awards),
            "awards_set_aside": set_aside,
        },
        rows_written=figures["entries"],
    )


def post_xp(work: Work, sync_ids: list[int]) -> dict[str, Any]:
    """Post the XP of syncs that were not posted, as `post_entries` does."""
    if not sync_ids:
        return NOTHING
    posted = _post(work, "community/post_xp", sync_ids=sync_ids)
    work.transaction.execute("community/mark_syncs_posted", sync_ids=sync_ids)
    return posted


def _take_awards(work: Work) -> tuple[pd.DataFrame, int]:
    """Choose the app's awards to post now, oldest first, and count those set aside."""
    today = work.as_of.date()
    cursor = work.transaction.read_row("community/select_posting_cursor") or {}
    swept_on = cursor.get("swept_on") or today.min
    rejected = work.transaction.read_rows("community/select_rejected_transactions")
    listed = [row["transaction_id"] for row in rejected]
    found = work.transaction.read(
        "community/select_transactions_to_post",
        last_at=cursor["last_at"] if swept_on >= today else None,
        last_id=cursor.get("last_id"),
        transaction_ids=listed,
    )
    due, set_aside = found, 0
    if listed or not found.empty:
        due, set_aside = _judge_awards(work, found)
    chosen = due.head(work.budget.at_most(len(due)))
    if len(chosen) == len(due):
        work.transaction.execute(
            "community/upsert_posting_cursor",
            now=work.options.now,
            swept_on=max(today, swept_on),
        )
    return chosen, set_aside


def _judge_awards(work: Work, found: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Tell which awards are due, and set those aside that cannot be posted."""
    is_erased = find_erased(work.transaction, found[["member_id"]])
    due, rejected = ledger.judge_transactions(
        found.assign(is_erased=is_erased),
        as_of=work.as_of,
        now=work.options.now,
        cut_over_at=work.settings.cut_over_at(NAME),
    )
    rejected["member_id"] = rejected["member_id"].mask(rejected["is_erased"])
    work.transaction.stage(
        "staged_rejections", rejected[["transaction_id", "reason", "member_id", "points"]]
    )
    work.transaction.execute("community/replace_rejected_transactions", now=work.options.now)
    return due, len(rejected)


def _post_awards(work: Work, awards: pd.DataFrame) -> dict[str, Any]:
    if awards.empty:
        return NOTHING
    account_id = find_accounts(work.transaction, awards)
    return post_entries(
        work, ledger.entries_from_transactions(awards.assign(account_id=account_id))
    )


def post_entries(work: Work, entries: pd.DataFrame) -> dict[str, Any]:
    """Insert entries whose source key is new.

    Returns:
        How many entries, points awarded and deducted, and the days touched.

    Raises:
        JobError: a key is in the ledger already with other contents.
    """
    if entries.empty:
        return NOTHING
    work.transaction.stage("staged_entries", entries)
    posted = _post(work, "community/insert_entries")
    if posted["entries"] < len(entries):
        conflict = work.transaction.read_value("community/find_conflicting_entry")
        if conflict is not None:
            raise JobError(
                f"the ledger has {conflict} already, with other contents; nothing was posted. "
                "A correction needs a source of its own."
            )
    return posted


def _post(work: Work, statement: str, **parameters: object) -> dict[str, Any]:
    posted = work.transaction.read_row(statement, run_id=work.options.run_id, **parameters) or {}
    return {name: posted[name] or NOTHING[name] for name in NOTHING}
