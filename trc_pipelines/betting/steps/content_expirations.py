"""Content that expires, and what it leaves behind."""

from collections.abc import Iterator
from datetime import timedelta

from trc_pipelines.jobs.contract import Work

REMOVED_AFTER = timedelta(days=30)
CONTENT_TYPES = ("post", "story", "message", "comment")
LEFTOVERS_AFTER = timedelta(days=7)
NOTIFICATIONS_FOR = timedelta(days=30)
# Whatever lost its parent; comments first, for what is about them goes with them. Reports are the record
# of what was looked at, and actions on picks that of bets: both outlive what they are about.
LEFTOVERS = {
    "comments": ("betting/remove_comments", LEFTOVERS_AFTER),
    "reactions": ("betting/remove_reactions", LEFTOVERS_AFTER),
    "story_views": ("betting/remove_story_views", LEFTOVERS_AFTER),
    "message_reads": ("betting/remove_message_reads", LEFTOVERS_AFTER),
    "chat_members": ("betting/remove_chat_members", LEFTOVERS_AFTER),
    "notifications": ("betting/remove_notifications", NOTIFICATIONS_FOR),
}


def expire_content(work: Work) -> Iterator[tuple[str, dict[str, int]]]:
    """Hide what has expired, then remove what was deleted long ago; both on one budget.

    Yields:
        The action (expired, removed), and how many of each kind, with `eligible`: all there were.
        Comments that go with their post are not on the budget.
    """
    expired = (
        work.transaction.read_row("betting/expire_content", as_of=work.as_of, most=work.budget.left)
        or {}
    )
    yield "expired", expired
    work.budget.take(sum(expired[kind] for kind in ("post", "story", "message")))
    deleted_until = work.as_of - REMOVED_AFTER
    removed = (
        work.transaction.read_row(
            "betting/remove_content", until=deleted_until, most=work.budget.left
        )
        or {}
    )
    yield "removed", removed
