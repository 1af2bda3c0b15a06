"""Reading the MEE6 leaderboard: whether to ask now, asking, and what came of it.

Takes minutes, and so no transaction is open meanwhile. What a reading means is decided by the step
that stores it, `steps/mee6_leaderboard_snapshot.py`.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd

from trc_pipelines.community.erasures import find_erased
from trc_pipelines.community.membership import find_other_owner
from trc_pipelines.community.rules.snapshots import recall_accounts
from trc_pipelines.database.connection import Transaction
from trc_pipelines.jobs.contract import JobError, Options, Result, UsageError
from trc_pipelines.mee6.client import Mee6Client
from trc_pipelines.mee6.models import Leaderboard, Mee6Error
from trc_pipelines.settings import Settings

AUDIT_CHECK = "staged_snapshot_is_plausible"
MAX_DELAY = timedelta(minutes=15)
# Who was looked for in vain is worth reading the full leaderboard four times a day, not at every sync.
SEARCH_AGAIN_SECONDS = 6 * 3600


@dataclass(frozen=True)
class Reading:
    """What came of asking MEE6, its leaderboard or why there is none, and when it began and ended."""

    outcome: Leaderboard | Mee6Error
    started: datetime
    ended: datetime


def read_mee6(transaction: Transaction, settings: Settings, options: Options) -> Reading | Result:
    """Read the leaderboard for the logical time of the run, or say why it is not to be read.

    Raises:
        JobError: no guild is set, or the time asked for is past: the API only knows now.
    """
    if not settings.mee6_sync_enabled:
        return _skipped("skipped", "the sync is switched off (MEE6_SYNC_ENABLED=false)")
    if settings.mee6_guild_id is None:
        raise JobError("MEE6_GUILD_ID is not set; it accepts the id of the Discord server to read")
    sync_id = sync_id_of(options)
    if before := find_earlier_result(transaction, sync_id):
        return before
    if options.now - options.as_of > MAX_DELAY:
        raise UsageError(
            f"the MEE6 leaderboard of {options.as_of:%Y-%m-%dT%H:%M:%SZ} cannot be read any more: "
            "MEE6 only knows now. Run it without --as-of; what depends on stored readings can be backfilled."
        )
    if newer := find_newer_sync(transaction, sync_id):
        return superseded(sync_id, newer)
    blocked_until = transaction.read_value("community/select_open_block", now=options.now)
    if blocked_until is not None:
        said = f"MEE6 asked us to wait; nothing is sent before {blocked_until:%H:%M:%S} UTC"
        return _skipped("blocked", said, is_left_undone=True)
    accounts, _ = read_accounts(transaction, sync_id)
    # Names are asked for only where somebody may become a member by the reading.
    everyone = settings.members_from_board and find_other_owner(transaction) is None
    return _ask(settings, settings.mee6_guild_id, accounts, everyone)


def read_accounts(transaction: Transaction, sync_id: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read the linked accounts, as `recall_accounts` gives them, and all that is known of accounts.

    Who was erased is not among them. Nothing is known of them, so only who is new is looked at.
    """
    states = transaction.read("community/select_xp_states")
    accounts = recall_accounts(
        transaction.read("community/select_linked_accounts"),
        states,
        transaction.read(
            "community/select_missing_accounts", after_sync_id=sync_id - SEARCH_AGAIN_SECONDS
        ),
    )
    new = accounts.loc[accounts["is_present"].isna(), ["member_id", "discord_id"]]
    if not new.empty:
        erased = new.index[find_erased(transaction, new)]
        accounts = accounts.drop(index=erased).reset_index(drop=True)
    return accounts, states


def sync_id_of(options: Options) -> int:
    """The sync of a run: the seconds of its logical time."""
    return int(options.as_of.timestamp())


def find_earlier_result(transaction: Transaction, sync_id: int) -> Result | None:
    """Find what was decided about this sync before. None when it was not read yet, or in vain."""
    sync = transaction.read_row("community/select_sync", sync_id=sync_id)
    if sync is None or sync["status"] == "failed":
        return None
    status, audit = sync["status"], json.loads(sync["audit"])
    passed = status == "accepted"
    return Result(
        0,
        details={"status": status},
        notes=[f"sync {sync_id} was read before and is {status}"],
        success=passed,
        verdicts={AUDIT_CHECK: (passed, {"findings": audit.get("findings", [])})},
    )


def find_newer_sync(transaction: Transaction, sync_id: int) -> int | None:
    """Find the newest accepted sync, if a tick that comes late can add nothing to it."""
    newest = transaction.read_row("community/select_newest_accepted_sync")
    return newest["sync_id"] if newest and newest["sync_id"] > sync_id else None


def superseded(sync_id: int, newer: int) -> Result:
    """The result of a sync that was overtaken."""
    said = f"sync {sync_id} came late and is superseded by sync {newer}"
    return _skipped("superseded", said, is_left_undone=True)


def _ask(settings: Settings, guild_id: int, accounts: pd.DataFrame, everyone: bool) -> Reading:
    started = datetime.now(UTC)
    outcome: Leaderboard | Mee6Error
    try:
        outcome = _read_leaderboard(settings, guild_id, accounts, everyone)
    except Mee6Error as error:
        outcome = error
    return Reading(outcome, started, datetime.now(UTC))


def _read_leaderboard(
    settings: Settings, guild_id: int, accounts: pd.DataFrame, everyone: bool
) -> Leaderboard:
    linked = accounts.loc[~accounts["is_contested"], ["discord_id", "is_sought"]].assign(
        last_xp=accounts["last_xp"].where(accounts["is_present"].fillna(False))
    )
    with Mee6Client(
        settings.mee6_base_url,
        user_agent=settings.mee6_user_agent,
        request_interval_seconds=settings.mee6_request_interval_seconds,
        deadline_seconds=settings.mee6_deadline_seconds,
    ) as client:
        return client.read_leaderboard(guild_id, linked, everyone=everyone)


def _skipped(status: str, reason: str, *, is_left_undone: bool = False) -> Result:
    figures: dict[str, Any] = {"status": status}
    return Result(
        0,
        details=figures,
        notes=[f"skipped: {reason}"],
        skipped=is_left_undone,
        verdicts={AUDIT_CHECK: (True, {"skipped": reason})},
    )
