"""What content and chats leave behind when they are gone is removed."""

from datetime import timedelta

from trc_pipelines.betting.relations import (
    bets,
    chat_members,
    chats,
    comments,
    games,
    message_reads,
    messages,
    notifications,
    posts,
    reactions,
    reports,
    stories,
    story_views,
)  # fmt: skip
from trc_pipelines.jobs.contract import Result, Work, step

DAY = timedelta(days=1)
LEFTOVERS_AFTER = timedelta(days=7)
NOTIFICATIONS_FOR = timedelta(days=30)
# Whatever lost its parent. Comments come first, for what is about them goes with them. Reports are
# the record of what was looked at, and actions on picks that of bets: both outlive what they are
# about.
LEFTOVERS = {
    "comments": ("betting/remove_comments", LEFTOVERS_AFTER),
    "reactions": ("betting/remove_reactions", LEFTOVERS_AFTER),
    "story_views": ("betting/remove_story_views", LEFTOVERS_AFTER),
    "message_reads": ("betting/remove_message_reads", LEFTOVERS_AFTER),
    "chat_members": ("betting/remove_chat_members", LEFTOVERS_AFTER),
    "notifications": ("betting/remove_notifications", NOTIFICATIONS_FOR),
}
READ = [
    posts, stories, messages, comments, reports, reactions, story_views, message_reads, chats,
    chat_members, notifications, bets, games,
]  # fmt: skip


@step(
    "betting",
    deps=READ,
    max_age_minutes=25 * 60,
    unit="row",
    writes=[comments, reactions, story_views, message_reads, chat_members, notifications],
)
def cleanups(work: Work) -> Result:
    """One row per run and kind of leftover: how many were removed.

    Comments, reactions, views and reads of what is gone for a week, members of chats that are,
    notifications after thirty days. Each kind is a transaction of its own. Bets that are still
    pending on finished games are only counted.
    """
    removed, refused = work.change_each(LEFTOVERS, remove_leftovers)
    stuck = work.transaction.read_value("betting/count_stuck_bets", until=work.as_of - DAY)
    figures = {f"{target}_removed": n for target, n in removed.items()}
    return Result(
        affected=sum(removed.values()),
        details=figures | {"bets_pending_a_day_after_their_game": int(stuck)},
        notes=[f"not removed: {target} ({why})" for target, why in refused.items()],
        rows_written=len(removed),
        success=not refused,
    )


def remove_leftovers(work: Work, target: str) -> int:
    """Remove one kind of leftover and record it. Count what was removed."""
    statement, age = LEFTOVERS[target]
    until = work.as_of - age
    removed = int(work.transaction.read_value(statement, until=until, most=work.budget.left))
    work.transaction.execute(
        "betting/insert_cleanup",
        run_id=work.options.run_id,
        target=target,
        removed_count=removed,
        as_of=work.as_of,
    )
    work.budget.take(removed)
    return removed
