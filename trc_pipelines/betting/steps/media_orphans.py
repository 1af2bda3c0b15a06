"""Objects that nothing refers to are deleted: seen twice, looked for once more, then gone.

What a store deletes no transaction brings back. So every doubt ends the run before the first
object, and what is killed after one is put right by the next run.
"""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pandas as pd

from trc_pipelines.betting.object_store import ObjectStore, StoreError, open_store
from trc_pipelines.betting.rules.media import (
    find_doubt,
    find_orphans,
    find_references,
    follow_orphans,
    is_referenced,
)
from trc_pipelines.jobs.contract import JobError, Result, Work
from trc_pipelines.names import clean_name

# References are read again before each so many objects.
BATCH = 1000
# A store that refuses that often is not asked any further.
MOST_REFUSALS = 5
NAMED = 3


@dataclass
class Deletion:
    """What became of the objects that were to be deleted: their keys, and why some still are."""

    deleted: list[str] = field(default_factory=list)
    referenced: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    reason: str = ""


def clean_media(work: Work) -> Result:
    """Delete what nothing has referred to for a day, oldest orphans first, and record the others.

    Raises:
        JobError: the store cannot be listed.
        DatabaseError: references cannot be read; when that happens before the first object is
            deleted, none is.
    """
    prefixes = work.settings.media_prefixes
    store = open_store(work.settings)
    try:
        # Before the references: what is uploaded and referred to meanwhile is not on the list.
        objects = store.list_objects(prefixes)
    except StoreError as error:
        raise JobError(f"the store of MEDIA_URL cannot be listed ({error})") from None
    if objects.empty:
        # Nothing is forgotten either: a folder may just not be mounted.
        return Result(0, f"the media store has no objects below {', '.join(prefixes)}")

    references = _read_references(work, store)
    orphans = find_orphans(objects, references, work.as_of)
    details = {"objects": len(objects), "references": len(references), "orphans": len(orphans)}
    doubt = find_doubt(**details, max_share=work.settings.media_max_orphan_share)
    if doubt:
        return Result(0, f"nothing is deleted: {doubt}", details, success=False)

    known = work.transaction.read("betting/select_waiting_orphans")
    followed = follow_orphans(orphans, objects, known, references, prefixes, work.as_of)
    due = followed[followed["is_due"]].sort_values(["first_seen_at", "object_key"])
    outcome = _delete(work, store, due.head(work.budget.at_most(len(due))))
    _record(work, followed[~followed["object_key"].isin(outcome.referenced)], outcome.deleted)

    details |= {
        "deleted": len(outcome.deleted),
        "waiting": len(followed) - len(outcome.deleted) - len(outcome.referenced),
        "referenced_again": len(outcome.referenced),
        "refused": len(outcome.refused),
    }
    # What a run that was killed has deleted is not listed any more.
    total = len(objects) + int(due["is_gone"].sum())
    return Result(
        affected=details["deleted"],
        message="{deleted} objects deleted, {waiting} wait".format(**details)
        + f", of {total}{_tell_refusals(outcome)}",
        details=details,
        rows=details["deleted"] + details["waiting"],
        success=not outcome.refused,
    )


def _tell_refusals(outcome: Deletion) -> str:
    if not outcome.refused:
        return ""
    names = ", ".join(clean_name(key, 200) for key in outcome.refused[:NAMED])
    more = ", …" if len(outcome.refused) > NAMED else ""
    return f"; {len(outcome.refused)} could not be deleted ({outcome.reason}): {names}{more}"


def _read_references(work: Work, store: ObjectStore) -> pd.Series:
    """Keys that rows refer to now, whoever committed them."""
    urls = work.transaction.read("betting/select_media_urls")["url"]
    bases = [urlsplit(url).hostname or "" for url in work.settings.media_base_urls]
    hosts = [*bases, *store.hosts] if bases else []
    return find_references(urls, work.settings.media_prefixes, hosts)


def _delete(work: Work, store: ObjectStore, due: pd.DataFrame) -> Deletion:
    """Delete what still has no reference; a rehearsal says what would be deleted."""
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
                # What is gone is not deleted again: the key may have been given anew.
                if not (is_gone or work.is_dry_run):
                    store.delete(key)
                outcome.deleted.append(key)
            except StoreError as error:
                outcome.reason = str(error)
                outcome.refused.append(key)
    return outcome


def _record(work: Work, orphans: pd.DataFrame, deleted: list[str]) -> None:
    """Write how the orphans stand; those that waited and are none any more are forgotten."""
    is_deleted = orphans["object_key"].isin(deleted)
    now = pd.Series(pd.Timestamp(work.as_of).as_unit("us"), index=orphans.index)
    columns = ["object_key", "first_seen_at", "last_seen_at", "size_bytes"]
    work.transaction.stage(
        "staged_orphans", orphans[columns].assign(deleted_at=now.where(is_deleted))
    )
    work.transaction.execute("betting/upsert_orphans")
    work.transaction.execute("betting/delete_former_orphans")
