"""One sync: whether to read the board now, reading it, writing it down, judging it."""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pandas as pd

from trc_pipelines.community.conditions import contested, quarantined, refused
from trc_pipelines.community.relations import members
from trc_pipelines.community.rules.snapshots import (
    Audit,
    Thresholds,
    audit_snapshot,
    build_snapshot,
    recall_accounts,
)
from trc_pipelines.database.connection import Transaction
from trc_pipelines.jobs.contract import JobError, Options, Relation, Result, UsageError, Work, step
from trc_pipelines.mee6.client import Mee6Client
from trc_pipelines.mee6.models import Board, Mee6AccessError, Mee6Blocked, Mee6Error
from trc_pipelines.monitoring.alerts import report
from trc_pipelines.settings import Settings

AUDIT_CHECK = "staged_snapshot_is_plausible"
MAX_DELAY = timedelta(minutes=15)
FIRST_BLOCK = timedelta(minutes=30)
SECOND_BLOCK = timedelta(hours=2)
STRIKES_COUNT_FOR = timedelta(hours=24)
# Who was looked for in vain is worth reading the whole board four times a day, not at every sync.
SEARCH_AGAIN_SECONDS = 6 * 3600


@dataclass(frozen=True)
class Reading:
    """What came of asking MEE6: a board, or why there is none; when it began and when it ended."""

    outcome: Board | Mee6Error
    started: datetime
    ended: datetime


def read_board(db: Transaction, settings: Settings, options: Options) -> Reading | Result:
    """Read the board for the logical time of the run, or say why it is not to be read.

    Takes minutes, and so keeps no transaction open. Nothing of it counts before `take_snapshot`.

    Raises:
        JobError: no guild is set, or the time asked for is past: the API only knows now.
    """
    if not settings.mee6_sync_enabled:
        return _skipped("the sync is switched off (MEE6_SYNC_ENABLED=false)")
    if settings.mee6_guild_id is None:
        raise JobError("MEE6_GUILD_ID is not set; it accepts the id of the Discord server to read")
    sync_id = _sync_id(options)
    if before := _read_before(db, sync_id):
        return before
    if options.now - options.as_of > MAX_DELAY:
        raise UsageError(
            f"the board of {options.as_of:%Y-%m-%dT%H:%M:%SZ} cannot be read any more: MEE6 only "
            "knows now. Run it without --as-of; what depends on stored readings can be backfilled."
        )
    if newer := _newer_sync(db, sync_id):
        return _superseded(sync_id, newer)
    blocked_until = db.read_value("community/select_open_block", now=options.now)
    if blocked_until is not None:
        said = f"MEE6 asked us to wait; nothing is sent before {blocked_until:%H:%M:%S} UTC"
        return replace(_skipped(said, "blocked"), skipped=True)
    accounts = read_accounts(db, sync_id)
    started = datetime.now(UTC)
    outcome: Board | Mee6Error
    try:
        outcome = _ask(settings, settings.mee6_guild_id, accounts)
    except Mee6Error as error:
        outcome = error
    return Reading(outcome, started, datetime.now(UTC))


def take_snapshot(work: Work) -> Result:
    """Write down what `read_board` brought: stage it, audit it, accept or quarantine it."""
    reading: Reading | Result = work.prepared
    if isinstance(reading, Result):
        return reading
    sync_id = _sync_id(work.options)
    # Read, but not yet locked: another run may have been quicker.
    if before := _read_before(work.transaction, sync_id):
        return before
    if isinstance(reading.outcome, Mee6Error):
        return _record_failed_sync(work, sync_id, reading, reading.outcome)
    # Who was linked or unlinked meanwhile is so from now on.
    return store_board(work, sync_id, read_accounts(work.transaction, sync_id), reading)


def read_accounts(db: Transaction, sync_id: int) -> pd.DataFrame:
    """Linked accounts and what is known of them: see `recall_accounts`."""
    return recall_accounts(
        db.read("community/select_linked_accounts"),
        db.read("community/select_xp_states"),
        db.read("community/select_missing_accounts", after_sync_id=sync_id - SEARCH_AGAIN_SECONDS),
    )


def store_board(work: Work, sync_id: int, accounts: pd.DataFrame, reading: Reading) -> Result:
    """Stage a board that was read, audit it, accept or quarantine it.

    Args:
        accounts: as `read_accounts` gives them.
        reading: one that brought a board.
    """
    board = cast("Board", reading.outcome)
    set_aside = accounts.loc[accounts["is_contested"], "member_id"].unique().tolist()
    # Whose account it was before keeps what is known, and nothing new, until it is clear whose it is.
    accounts = accounts[~accounts["is_contested"] | accounts["is_present"].notna()]
    accounts = accounts.reset_index(drop=True)
    snapshot = build_snapshot(accounts, board.players, sync_id, is_complete=board.is_complete)
    found = int(snapshot["is_present"].sum())
    absent = int((~snapshot["is_present"]).sum())
    _upsert_sync(
        work, sync_id, board.guild_id, "staged", reading,
        requested=len(snapshot), found=found, absent=absent, board=board,
    )  # fmt: skip
    work.transaction.execute("community/ensure_snapshot_partition", day=work.as_of.date())
    work.transaction.append("community.mee6_leaderboard_snapshot", snapshot)
    newer = _newer_sync(work.transaction, sync_id)
    if newer:
        return _discard_superseded(work, sync_id, newer)
    audit = _audit(work, sync_id, accounts, snapshot, board)
    status = "accepted" if audit.passed else "quarantined"
    verdict = {"findings": audit.findings, "odd_values": board.odd_values, **audit.figures}
    work.transaction.execute(
        "community/decide_sync", sync_id=sync_id, status=status, audit=json.dumps(verdict)
    )
    if audit.passed:
        _remember_missing(work, sync_id, accounts, snapshot, board)
    else:
        found_wrong = quarantined(sync_id, "; ".join(audit.findings))
        report(work.transaction, found_wrong, work.options.now)
    return Result(
        affected=1,
        message=f"{status}: {found} of {len(snapshot)} linked members found"
        + "".join(f"; {finding}" for finding in audit.findings)
        + (f"; {contested(set_aside)}" if set_aside else ""),
        details={
            "status": status,
            "linked_members": len(snapshot),
            "present_members": found,
            "absent_members": absent,
            "unconfirmed_members": len(snapshot) - found - absent,
            "members_set_aside": len(set_aside),
            "pages": board.pages,
            "requests": board.requests,
            "duplicates": board.duplicates,
            "odd_values": board.odd_values,
            "total_xp": int(snapshot["xp"].sum()),
        },
        rows=len(snapshot),
        success=audit.passed,
        verdicts={AUDIT_CHECK: (audit.passed, {**audit.figures, "findings": audit.findings})},
    )


def block_until(now: datetime, retry_after_seconds: float | None, strikes: int) -> datetime:
    """How long to stay away after a 429 that outlasted the run.

    Half an hour, two hours on a second strike within a day, longer when the API said so; never
    longer than a day, so that one odd header does not switch the sync off for good.
    """
    wait = SECOND_BLOCK if strikes else FIRST_BLOCK
    asked = min(retry_after_seconds or 0, STRIKES_COUNT_FOR.total_seconds())
    return now + max(wait, timedelta(seconds=asked))


def _sync_id(options: Options) -> int:
    return int(options.as_of.timestamp())


def _ask(settings: Settings, guild_id: int, accounts: pd.DataFrame) -> Board:
    linked = accounts.loc[~accounts["is_contested"], ["discord_id", "is_sought"]].assign(
        last_xp=accounts["last_xp"].where(accounts["is_present"].fillna(False))
    )
    with Mee6Client(
        settings.mee6_base_url,
        user_agent=settings.mee6_user_agent,
        request_interval_seconds=settings.mee6_request_interval_seconds,
        deadline_seconds=settings.mee6_deadline_seconds,
    ) as client:
        return client.read_board(guild_id, linked)


def _remember_missing(
    work: Work, sync_id: int, accounts: pd.DataFrame, snapshot: pd.DataFrame, board: Board
) -> None:
    """Note who was looked for in vain, so that the next syncs need not read the whole board."""
    is_missing = ~(snapshot["is_present"].fillna(False).astype(bool) | accounts["is_contested"])
    work.transaction.stage("staged_missing", snapshot.loc[is_missing, ["discord_id"]])
    work.transaction.execute("community/delete_found_accounts")
    if board.is_complete or board.is_exhausted:
        work.transaction.execute("community/upsert_missing_accounts", sync_id=sync_id)


def _audit(
    work: Work, sync_id: int, accounts: pd.DataFrame, snapshot: pd.DataFrame, board: Board
) -> Audit:
    newest = work.transaction.read_row("community/select_newest_accepted_sync") or {}
    return audit_snapshot(
        accounts,
        snapshot,
        board_is_empty=board.players.empty,
        xp_rate=board.xp_rate,
        guild_id=board.guild_id,
        last_guild_id=newest.get("guild_id"),
        sync_id=sync_id,
        last_sync_id=newest.get("sync_id"),
        unlinked=int(
            work.transaction.read_value("community/count_unlinked_accounts", sync_id=sync_id)
        ),
        thresholds=Thresholds(
            missing_share=work.settings.mee6_max_missing_share,
            dropped_share=work.settings.mee6_max_dropped_share,
            total_drop_share=work.settings.mee6_max_total_drop_share,
            implausible_share=work.settings.mee6_max_implausible_share,
            gain=work.settings.mee6_max_gain,
        ),
    )


def _upsert_sync(
    work: Work,
    sync_id: int,
    guild_id: int,
    status: str,
    reading: Reading,
    *,
    requested: int = 0,
    found: int = 0,
    absent: int = 0,
    board: Board | None = None,
    error: str | None = None,
) -> None:
    work.transaction.execute(
        "community/upsert_sync",
        sync_id=sync_id,
        guild_id=guild_id,
        status=status,
        requested_count=requested,
        found_count=found,
        missing_count=absent,
        pages=board.pages if board else 0,
        requests=board.requests if board else 0,
        duplicates=board.duplicates if board else 0,
        xp_rate=board.xp_rate if board else 1.0,
        started_at=reading.started,
        finished_at=reading.ended,
        error=error,
        run_id=work.options.run_id,
    )


def _record_failed_sync(work: Work, sync_id: int, reading: Reading, error: Mee6Error) -> Result:
    details: dict[str, Any] = {"status": "failed", "error": type(error).__name__}
    if isinstance(error, Mee6Blocked):
        # The wait counts from the refusal, which may come minutes into the reading.
        refused_at = work.options.now + (reading.ended - reading.started)
        strikes = int(
            work.transaction.read_value(
                "community/count_blocks", since=refused_at - STRIKES_COUNT_FOR
            )
        )
        until = block_until(refused_at, error.retry_after_seconds, strikes)
        # MEE6 remembers it, whether or not this run is rolled back: so must we.
        with work.database.transaction() as transaction:
            transaction.execute(
                "community/insert_block", blocked_at=refused_at, blocked_until=until
            )
        details["blocked_until"] = until.isoformat()
    if isinstance(error, Mee6AccessError):
        report(work.transaction, refused(str(error)), work.options.now)
    guild_id = cast("int", work.settings.mee6_guild_id)
    _upsert_sync(work, sync_id, guild_id, "failed", reading, error=str(error))
    return Result(0, f"the board was not read: {error}", details, success=False)


def _read_before(db: Transaction, sync_id: int) -> Result | None:
    sync = db.read_row("community/select_sync", sync_id=sync_id)
    if sync is None or sync["status"] == "failed":
        return None
    status, audit = sync["status"], json.loads(sync["audit"])
    passed = status == "accepted"
    return Result(
        0,
        f"sync {sync_id} was read before and is {status}",
        {"status": status},
        success=passed,
        verdicts={AUDIT_CHECK: (passed, {"findings": audit.get("findings", [])})},
    )


def _newer_sync(db: Transaction, sync_id: int) -> int | None:
    """The newest accepted sync, if a tick that comes late can add nothing to it."""
    newest = db.read_row("community/select_newest_accepted_sync")
    return newest["sync_id"] if newest and newest["sync_id"] > sync_id else None


def _discard_superseded(work: Work, sync_id: int, newer: int) -> Result:
    """Put a reading aside that was overtaken while it was made: nobody has to decide about it."""
    why = f"superseded by sync {newer}"
    work.transaction.execute(
        "community/decide_sync",
        sync_id=sync_id,
        status="quarantined",
        audit=json.dumps({"findings": [why]}),
    )
    work.transaction.execute(
        "community/review_sync",
        sync_id=sync_id,
        status="discarded",
        is_rebaseline=False,
        now=work.options.now,
        reviewed_by="pipeline",
        reason=why,
    )
    return _superseded(sync_id, newer)


def _superseded(sync_id: int, newer: int) -> Result:
    said = f"sync {sync_id} came late and is superseded by sync {newer}"
    return replace(_skipped(said, "superseded"), skipped=True)


def _skipped(reason: str, status: str = "skipped") -> Result:
    return Result(
        0,
        f"skipped: {reason}",
        {"status": status},
        verdicts={AUDIT_CHECK: (True, {"skipped": reason})},
    )


@step(
    "community",
    deps=[members],
    prepare=read_board,
    kinds=("python", "postgres", "api"),
    verdicts={
        AUDIT_CHECK: "The board is whole, of our guild, newer than the last one, and has not "
        "collapsed; else the sync is quarantined and no XP moves."
    },
    max_age_minutes=35,
    unit="sync",
    others_go_on=True,
)
def mee6_leaderboard_snapshot(work: Work) -> Result:
    """One row per linked member per sync: XP on the MEE6 leaderboard at that moment.

    Absent is who is not on a board that was read to its end, not confirmed (`is_present` NULL) who
    is not on the part that was read. Players who are not linked are not kept. A reading is staged,
    audited, then accepted or quarantined; only accepted ones feed anything. The API only knows
    *now*: a missed slot stays missed, and the next reading catches up what was gained.
    """
    return take_snapshot(work)


# Lineage passes through it, failure does not: what follows works off the syncs that were accepted,
# whether or not there is a new one.
mee6_syncs = Relation(
    "community.mee6_syncs",
    "One row per reading of the MEE6 leaderboard, and how far it has travelled.",
    deps=[mee6_leaderboard_snapshot],
)
