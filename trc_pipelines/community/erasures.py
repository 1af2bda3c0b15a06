"""People who ask: everything stored about a member, and members who are erased, for good.

Facts stay, under a pseudonym: they refer to accounts, and only `community.accounts` says who that is.
Who was erased is remembered by keyed digests, in the database and in a list beside it, so that neither
a reading nor a backup brings them back.
"""

import json
import re
import secrets
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from trc_pipelines.community.relations import NAME
from trc_pipelines.community.rules.identities import (
    Mention,
    are_erased,
    find_mentions,
    hash_identity,
    pattern_of_any,
)
from trc_pipelines.database.connection import Database, Transaction
from trc_pipelines.jobs.contract import JobError

LIST = "erasures.jsonl"
# No run may be in between: it would write what it read before.
STEPS = (
    "mee6_leaderboard_snapshot", "xp_deltas", "point_ledger", "daily_points", "daily_streaks",
    "daily_growth", "leaderboard_rankings", "leaderboard_archive", "leaderboard_cache",
)  # fmt: skip
# Where runs and services print: nothing else of TRC_HOME holds text.
PRINTED = ("logs/**/*", "dagster/**/*", "postgres/log*")
# Copies of pages with names, which `trc report` writes again.
PAGES = "reports/*.html"


@dataclass(frozen=True)
class Person:
    """A member, and by what others know them: no Discord account that is somebody else's now."""

    member_id: str
    discord_ids: list[int]
    names: list[str]

    @property
    def identities(self) -> list[object]:
        """All of it."""
        return [self.member_id, *self.discord_ids, *self.names]


@dataclass(frozen=True)
class Erasure:
    """What is remembered of an erasure; it names nobody."""

    erasure_id: str
    erased_at: str
    reason: str
    hash_key: str
    digests: list[str]

    def covers(self, person: Person) -> bool:
        """Tell whether it is about this person."""
        return not set(self.digests).isdisjoint(_hash_person(person, self.hash_key))


@dataclass(frozen=True)
class Stores:
    """Where something of a person may stand. `dagster` is None where Dagster has kept nothing."""

    database: Database
    dagster: Database | None
    home: Path


def find_erased(transaction: Transaction, people: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Tell which of the people were erased.

    Args:
        people: member_id and discord_id, or one of the two.
    """
    return are_erased(people, transaction.read("community/select_erasures"))


def find_person(transaction: Transaction, wanted: str) -> Person:
    """Find a member by member id or Discord id.

    Raises:
        JobError: nobody is known by it, or several members are.
    """
    rows = transaction.read("community/select_person", wanted=wanted)
    members = rows["member_id"].unique().tolist()
    if len(members) != 1:
        raise JobError(
            f"{len(members)} members are known by that Discord id; give a member id: "
            + ", ".join(members)
            if members
            else "nobody is known by that id; it accepts a member id, or the id of a Discord account"
        )
    own = rows.loc[~rows["is_shared"].astype(bool), "discord_id"].dropna()
    return Person(
        members[0],
        [int(number) for number in own.unique()],
        [str(name) for name in rows["discord_username"].dropna().unique()],
    )


def export_person(stores: Stores, wanted: str) -> pd.DataFrame:
    """Read everything that is stored about a member: relation, content (JSON)."""
    with stores.database.transaction(commit=False) as transaction:
        person = find_person(transaction, wanted)
        pattern = "|".join(mention.pattern for mention in find_mentions(person.identities, ""))
        found = transaction.read(
            "community/select_everything_of_member", member_id=person.member_id, pattern=pattern
        )
    if stores.dagster is None:
        return found
    with stores.dagster.transaction(commit=False) as transaction:
        kept = transaction.read("monitoring/select_dagster_texts", pattern=pattern)
    return pd.concat([found, kept.assign(relation="dagster")], ignore_index=True)


def erase_person(
    stores: Stores, wanted: str, *, reason: str, now: datetime, dry_run: bool = False
) -> Counter[str]:
    """Erase who a member is, wherever it stands. Figures, sums and digests stay.

    Returns:
        How much changed, by relation; `rows_left` is what the app itself still has.

    Raises:
        JobError: nobody is known by that id, or the reason is none or names them.
    """
    if not reason.strip():
        raise JobError("an erasure needs a reason; it is kept")
    with stores.database.transaction(commit=not dry_run) as transaction:
        known = _prepare(stores, transaction)
        person = find_person(transaction, wanted)
        if re.search(pattern_of_any(person.identities), reason):
            raise JobError("the reason names who is erased, and it is kept; say it without")
        hash_key = known[0].hash_key if known else secrets.token_hex(32)
        erasure = Erasure(
            str(uuid.uuid4()),
            now.isoformat(),
            reason.strip(),
            hash_key,
            _hash_person(person, hash_key),
        )
        transaction.execute("community/insert_erasures", lines=json.dumps([asdict(erasure)]))
        changed = _erase(stores, transaction, person, now, dry_run=dry_run)
        if not dry_run:
            _write_list(stores, _read_table(transaction))
    return changed


def erase_again(
    stores: Stores, *, now: datetime, dry_run: bool = False
) -> tuple[int, Counter[str]]:
    """Erase everybody who was erased before and is there again, as after a backup was restored.

    Returns:
        How many people that were, and how much changed, by relation.
    """
    changed = Counter[str]()
    with stores.database.transaction(commit=not dry_run) as transaction:
        known = _prepare(stores, transaction)
        people = transaction.read("community/select_identities")
        back = people.loc[find_erased(transaction, people), "member_id"].unique().tolist()
        for member_id in back:
            person = find_person(transaction, member_id)
            changed += _erase(stores, transaction, person, now, dry_run=dry_run)
        if not dry_run:
            _write_list(stores, known)
    return len(back), changed


def _prepare(stores: Stores, transaction: Transaction) -> list[Erasure]:
    """Keep runs away, and bring the list beside the database into it."""
    for step in STEPS:
        transaction.execute("jobs/lock_step", table=f"{NAME}.{step}")
    path = stores.home / LIST
    lines = path.read_text().splitlines() if path.exists() else []
    transaction.execute("community/insert_erasures", lines=f"[{','.join(lines)}]")
    return _read_table(transaction)


def _read_table(transaction: Transaction) -> list[Erasure]:
    lines = transaction.read("community/select_erasure_list")["line"]
    return [Erasure(**json.loads(line)) for line in lines]


def _write_list(stores: Stores, known: list[Erasure]) -> None:
    path = stores.home / LIST
    written = path.with_suffix(".next")
    written.write_text("".join(f"{json.dumps(asdict(one))}\n" for one in known))
    written.chmod(0o600)
    written.replace(path)


def _erase(
    stores: Stores, transaction: Transaction, person: Person, now: datetime, *, dry_run: bool
) -> Counter[str]:
    # By the number of an account, which no other member has, and which no digest gives away.
    number = transaction.read_value("community/select_first_account", member_id=person.member_id)
    pseudonym = f"erased-{number or 0}"
    who: dict[str, Any] = {
        "member_id": person.member_id, "pseudonym": pseudonym, "discord_ids": person.discord_ids,
    }  # fmt: skip
    transaction.execute("community/erase_accounts", **who, now=now)
    changed = _count(transaction.read_rows("community/erase_rows", **who))
    own = transaction.read_row("community/find_own_tables") or {}
    for is_ours, relation, statement in (
        (own["has_members"], "community.members", "community/erase_member"),
        (own["has_awards"], "community.point_transactions", "community/erase_awards"),
    ):
        if is_ours:
            changed[relation] = transaction.read_value(statement, member_id=person.member_id)
    changed["rows_left"] = transaction.read_value(
        "community/count_rows_of_app", member_id=person.member_id
    )
    mentions = find_mentions(person.identities, pseudonym)
    for mention in mentions:
        changed += _count(transaction.read_rows("community/erase_texts", **asdict(mention)))
    changed["community.mee6_syncs"] += transaction.read_value(
        "community/erase_reasons", pattern=pattern_of_any(person.identities)
    )
    transaction.execute("leaderboards/touch_boards", domain=NAME, mark=pseudonym)
    # Before ours is committed: whoever has to repeat it must still find who it is about.
    changed["dagster"] = _erase_from_dagster(stores, mentions, dry_run=dry_run)
    changed["files"] = _erase_from_files(stores, mentions, dry_run=dry_run)
    return changed


def _erase_from_dagster(stores: Stores, mentions: list[Mention], *, dry_run: bool) -> int:
    if stores.dagster is None:
        return 0
    with stores.dagster.transaction(commit=not dry_run) as transaction:
        return sum(
            transaction.read_value("monitoring/erase_dagster_texts", **asdict(mention))
            for mention in mentions
        )


def _erase_from_files(stores: Stores, mentions: list[Mention], *, dry_run: bool) -> int:
    """Overwrite in place, byte for byte: somebody may be writing at the end of it."""
    changed = 0
    for path, content in _printed_texts(stores.home):
        erased = content
        for mention in mentions:
            erased = re.sub(mention.pattern.encode(), lambda found: b"x" * len(found[0]), erased)
        if erased != content:
            changed += 1
            if not dry_run:
                with path.open("r+b") as file:
                    file.write(erased)
    for path in stores.home.glob(PAGES):
        changed += 1
        if not dry_run:
            path.unlink(missing_ok=True)
    return changed


def _printed_texts(home: Path) -> Iterator[tuple[Path, bytes]]:
    for pattern in PRINTED:
        for path in home.glob(pattern):
            if path.is_file():
                yield path, path.read_bytes()


def _hash_person(person: Person, hash_key: str) -> list[str]:
    return [
        hash_identity("member_id", person.member_id, hash_key),
        *[hash_identity("discord_id", number, hash_key) for number in person.discord_ids],
    ]


def _count(rows: list[dict[str, Any]]) -> Counter[str]:
    return Counter({row["relation"]: row["changed"] for row in rows})
