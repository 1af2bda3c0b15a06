"""Objects that nothing refers to are deleted: seen twice, looked for once more, then gone.

What a store deletes no transaction brings back. So every doubt ends the run before the first
object, and what is killed after one is put right by the next run.
"""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pandas as pd

from trc_pipelines.betting.object_store import ObjectStore, StoreError, open_store
from trc_pipelines.betting.relations import (
    chats,
    comments,
    media_objects,
    media_references,
    messages,
    notifications,
    posts,
    stories,
    users,
)  # fmt: skip
from trc_pipelines.betting.rules.media import (
    find_doubt,
    find_orphans,
    find_references,
    follow_orphans,
    is_referenced,
)
from trc_pipelines.jobs.contract import JobError, Result, Work, step
from trc_pipelines.names import clean_name

# References are read again before each so many objects.
BATCH = 1000
# A store that refuses that often is not asked any further.
MOST_REFUSALS = 5
MOST_NAMED = 3


@step(
    "betting", deps=[
        media_objects, posts, stories, messages, comments, users, chats, notifications,
        media_references,
    ],
    max_age_minutes=25 * 60, kinds=("python", "postgres", "s3"), unit="object",
    writes=[media_objects],
)  # fmt: skip
def media_orphans(work: Work) -> Result:
    """One row per object in the media store that no row of the app refers to, and what became of it.

    Deleted when it is older than a week and was seen so twice, a day apart, and is still without a
    reference right before. When anything is in doubt, nothing is deleted.
    """
    prefixes, share = work.settings.media_prefixes, work.settings.media_max_orphan_share
    store = open_store(work.settings)
    # Before the references: what is uploaded and referred to meanwhile is not on the list.
    objects = _list_objects(work, store)
    if objects.empty:
        # Nothing is forgotten either: a folder may just not be mounted.
        return Result(0, notes=[f"the media store has no objects below {', '.join(prefixes)}"])
    references = _read_references(work, store)
    orphans = find_orphans(objects, references, work.as_of)
    doubt = find_doubt(len(objects), len(orphans), len(references), max_share=share)
    if doubt:
        figures = _count(objects, references, orphans)
        return Result(0, details=figures, notes=[f"nothing is deleted: {doubt}"], success=False)
    known = work.transaction.read("betting/select_waiting_orphans")
    followed = follow_orphans(orphans, objects, known, references, prefixes, work.as_of)
    deletion = _delete_due(work, store, followed)
    _record(work, followed[~followed["object_key"].isin(deletion.referenced)], deletion.deleted)
    return _report(_count(objects, references, orphans), followed, deletion)


@dataclass
class Deletion:
    """What became of the objects that were to be deleted: their keys, and why some still are."""

    deleted: list[str] = field(default_factory=list)
    referenced: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    reason: str = ""


def _count(objects: pd.DataFrame, references: pd.Series, orphans: pd.DataFrame) -> dict[str, int]:
    return {
        "objects_examined": len(objects),
        "references_found": len(references),
        "orphans_found": len(orphans),
    }


def _report(figures: dict[str, int], followed: pd.DataFrame, deletion: Deletion) -> Result:
    deleted, refused = len(deletion.deleted), len(deletion.refused)
    waiting = len(followed) - deleted - len(deletion.referenced)
    # What a run that was killed has deleted is not listed any more.
    figures["objects_examined"] += int(followed["is_gone"].sum())
    outcome = {
        "objects_deleted": deleted,
        "orphans_waiting": waiting,
        "objects_referenced_again": len(deletion.referenced),
        "objects_not_deleted": refused,
    }
    return Result(
        affected=deleted,
        details=outcome | figures,
        notes=[_name_refused(deletion)] if refused else [],
        rows_written=deleted + waiting,
        success=not refused,
    )


def _name_refused(deletion: Deletion) -> str:
    names = [clean_name(key, 200) for key in deletion.refused[:MOST_NAMED]]
    more = ["…"] if len(deletion.refused) > MOST_NAMED else []
    return f"not deleted ({deletion.reason}): {', '.join(names + more)}"


def _list_objects(work: Work, store: ObjectStore) -> pd.DataFrame:
    try:
        return store.list_objects(work.settings.media_prefixes)
    except StoreError as error:
        raise JobError(f"the store of MEDIA_URL cannot be listed ({error})") from None


def _read_references(work: Work, store: ObjectStore) -> pd.Series:
    """Read the keys that rows refer to now, whoever committed them."""
    urls = work.transaction.read("betting/select_media_urls")["url"]
    bases = [urlsplit(url).hostname or "" for url in work.settings.media_base_urls]
    hosts = [*bases, *store.hosts] if bases else []
    return find_references(urls, work.settings.media_prefixes, hosts)


def _delete_due(work: Work, store: ObjectStore, followed: pd.DataFrame) -> Deletion:
    """Delete what is due and still has no reference, the oldest orphans first.

    A dry run only says what would be deleted.
    """
    due = followed[followed["is_due"]].sort_values(["first_seen_at", "object_key"])
    due = due.head(work.budget.at_most(len(due)))
    outcome = Deletion()
    for first in range(0, len(due), BATCH):
        batch = due[first : first + BATCH]
        is_needed = is_referenced(batch["object_key"], _read_references(work, store))
        outcome.referenced += batch["object_key"][is_needed].tolist()
        free = batch[~is_needed]
        for key, is_gone in zip(free["object_key"], free["is_gone"], strict=True):
            if len(outcome.refused) >= MOST_REFUSALS:
                outcome.refused.append(key)
                continue
            try:
                # What is gone is not deleted again: the key may have been given again.
                if not (is_gone or work.is_dry_run):
                    store.delete(key)
                outcome.deleted.append(key)
            except StoreError as error:
                outcome.reason = str(error)
                outcome.refused.append(key)
    return outcome


def _record(work: Work, orphans: pd.DataFrame, deleted: list[str]) -> None:
    """Write how the orphans stand, and forget those that waited and are none any more."""
    is_deleted = orphans["object_key"].isin(deleted)
    now = pd.Series(pd.Timestamp(work.as_of).as_unit("us"), index=orphans.index)
    columns = ["object_key", "first_seen_at", "last_seen_at", "size_bytes"]
    work.transaction.stage(
        "staged_orphans", orphans[columns].assign(deleted_at=now.where(is_deleted))
    )
    work.transaction.execute("betting/upsert_orphans")
    work.transaction.execute("betting/delete_former_orphans")
