"""Content that expires, and is removed a month after it was deleted."""

from datetime import timedelta

import pandas as pd

from trc_pipelines.betting.relations import (
    bets,
    chats,
    comments,
    games,
    messages,
    posts,
    reports,
    stories,
)
from trc_pipelines.jobs.contract import Result, Work, step

REMOVED_AFTER = timedelta(days=30)
PLURALS = {"post": "posts", "story": "stories", "message": "messages", "comment": "comments"}


@step(
    "betting",
    deps=[posts, stories, messages, comments, chats, reports, bets, games],
    max_age_minutes=65,
    unit="item",
    writes=[posts, stories, messages, comments],
)
def content_expirations(work: Work) -> Result:
    """One row per run and kind of content: how much expired, or was removed for good.

    Posts and stories expire after a day, picks three hours after their game began, messages as their
    chat says. What was deleted thirty days ago is removed, unless a report on it waits for review.
    Bets and actions on picks are left alone.
    """
    [expired] = work.transaction.read_rows(
        "betting/expire_content", as_of=work.as_of, most=work.budget.left
    )
    # Comments go with their post, whatever the limit.
    work.budget.take(sum(expired[kind] for kind in ("post", "story", "message")))
    [removed] = work.transaction.read_rows(
        "betting/remove_content", until=work.as_of - REMOVED_AFTER, most=work.budget.left
    )
    figures = _record(work, {"expired": expired, "removed": removed})
    done = sum(figures.values())
    kinds = sum(count > 0 for count in figures.values())
    due = {"items_due": expired["eligible"] + removed["eligible"]}
    return Result(affected=done, details=figures | due, rows_written=kinds)


def _record(work: Work, counts: dict[str, dict[str, int]]) -> dict[str, int]:
    """Write how many of each kind there were, by what became of them, and name these figures."""
    rows = pd.DataFrame(counts).loc[[*PLURALS]].rename_axis("content_type").reset_index()
    rows = rows.melt("content_type", var_name="action", value_name="item_count")
    work.transaction.stage("staged_expirations", rows[rows["item_count"] > 0])
    work.transaction.execute(
        "betting/insert_content_expirations", as_of=work.as_of, run_id=work.options.run_id
    )
    return {
        f"{plural}_{action}": kinds[kind]
        for action, kinds in counts.items()
        for kind, plural in PLURALS.items()
    }
