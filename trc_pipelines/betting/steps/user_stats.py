"""What became of users' bets, by day, by week and in all."""

import pandas as pd

from trc_pipelines.app_relations.values import require_values
from trc_pipelines.betting.relations import bets, games, posts
from trc_pipelines.betting.rules.statistics import summarise_bets
from trc_pipelines.betting.steps.bankroll_ledger import bankroll_ledger
from trc_pipelines.jobs.contract import Result, Work, step

SUMMARISED = [
    "user_id", "status", "stake", "payout", "net", "is_tail", "is_fade", "created_at", "settled_at",
]  # fmt: skip


@step("betting", deps=[bankroll_ledger, bets, games, posts], max_age_minutes=65)
def user_stats(work: Work) -> Result:
    """One row per user and period (day of settlement, ISO week, all time): what became of the bets.

    Computed again for users with entries in the ledger since the last time, and for those whose
    settled bets, or others' bets on their picks, are not what they were. Rows that come out as they
    were are not touched.
    """
    [cursor] = work.transaction.read_rows("betting/select_stats_cursor")
    work.transaction.execute("betting/insert_missing_pick_authors")
    # Before the bets are read: what changes in between is found again by the next run.
    users = _claim_users(work, cursor["counted"], cursor["newest"])
    settled = work.transaction.read("betting/select_bets_to_summarise")
    summary = summarise_bets(
        require_values(settled, "bet_id", {bets.table: SUMMARISED}),
        work.transaction.read("betting/select_balances_to_summarise"),
    )
    # Others who followed their picks are in it too, with only a part of their bets.
    summary = summary[summary["user_id"].isin(users["user_id"])]
    work.transaction.stage("staged_stats", summary)
    changed = int(work.transaction.read_value("betting/replace_stats"))
    work.transaction.execute("betting/upsert_stats_cursor", last_entry_id=cursor["newest"])
    figures = {"rows_changed": changed, "rows_computed": len(summary)}
    return Result(changed, details=figures | {"users_looked_at": len(users)}, rows_written=changed)


def _claim_users(work: Work, after_entry_id: int, last_entry_id: int) -> pd.DataFrame:
    """Note and stage the users whose statistics may have changed."""
    users = work.transaction.read(
        "betting/claim_users_to_summarise",
        after_entry_id=after_entry_id,
        last_entry_id=last_entry_id,
    )
    work.transaction.stage("staged_users", users)
    return users
