"""One sync: the reading is staged, audited, then accepted or quarantined."""

import json
from typing import Any, cast

import pandas as pd

from trc_pipelines.community.conditions import contested, quarantined, refused
from trc_pipelines.community.membership import advise, enroll_players, find_other_owner
from trc_pipelines.community.readings import (
    AUDIT_CHECK,
    Reading,
    find_earlier_result,
    find_newer_sync,
    read_accounts,
    read_mee6,
    superseded,
    sync_id_of,
)
from trc_pipelines.community.relations import NAME, members
from trc_pipelines.community.rules.audit import Audit, Thresholds, audit_snapshot
from trc_pipelines.community.rules.blocks import STRIKES_COUNT_FOR, block_until
from trc_pipelines.community.rules.snapshots import build_snapshot, find_changes, find_unlinked
from trc_pipelines.jobs.contract import Relation, Result, Work, step
from trc_pipelines.mee6.models import Leaderboard, Mee6AccessError, Mee6Blocked, Mee6Error
from trc_pipelines.monitoring.alerts import report


@step(
    NAME,
    deps=[members],
    prepare=read_mee6,
    kinds=("python", "postgres", "api"),
    verdicts={
        AUDIT_CHECK: "The leaderboard is complete, of our guild, and has not collapsed; else the "
        "sync is quarantined and no XP moves."
    },
    max_age_minutes=35,
    unit="sync",
    others_go_on=True,
    is_level=True,
)
def mee6_leaderboard_snapshot(work: Work) -> Result:
    """One row per linked member per sync in which something of it changed: XP on the leaderboard.

    The first sync of a day has everybody, and so has one that a person decides about, or that
    follows one not worked off; `whole_readings` puts the others together. Absent is who is not on a
    leaderboard that was read to its end, not confirmed (`is_present` NULL) who is not on the part
    that was read. Players who are not linked are not kept; with MEMBERS_FROM_BOARD an accepted
    reading makes them members, and they count from there. A reading is staged, audited, then
    accepted or quarantined. Only accepted ones feed anything. The API only knows *now*: a missed
    slot stays missed, and the next reading catches up what was gained.
    """
    reading: Reading | Result = work.prepared
    if isinstance(reading, Result):
        return reading
    sync_id = sync_id_of(work.options)
    # Read, but not yet locked: another run may have been quicker.
    if before := find_earlier_result(work.transaction, sync_id):
        return before
    if isinstance(reading.outcome, Mee6Error):
        return _record_failed_sync(work, sync_id, reading, reading.outcome)
    return store_reading(work, sync_id, reading)


# Lineage passes through it, failure does not: what follows uses the syncs that were accepted,
# whether or not there is a new one.
mee6_syncs = Relation(
    "community.mee6_syncs",
    "One row per reading of the MEE6 leaderboard, and how far it has travelled.",
    deps=[mee6_leaderboard_snapshot],
)


def store_reading(work: Work, sync_id: int, reading: Reading) -> Result:
    """Audit a reading, keep it, accept or quarantine it.

    Args:
        reading: one that brought a leaderboard.
    """
    leaderboard = cast("Leaderboard", reading.outcome)
    # What it is compared with is not moved meanwhile, by a decision about an earlier one.
    work.transaction.execute("jobs/lock_step", table="community.xp_deltas")
    # Who was linked or unlinked since it was asked for is so from now on.
    accounts, states = read_accounts(work.transaction, sync_id)
    claimed_twice = accounts.loc[accounts["is_contested"], "member_id"].unique().tolist()
    # Whose account it was before keeps what is known, and nothing new, until it is clear whose it is.
    if claimed_twice:
        accounts = accounts[~accounts["is_contested"] | accounts["is_present"].notna()]
        accounts = accounts.reset_index(drop=True)
    snapshot = build_snapshot(
        accounts, leaderboard.players, sync_id, is_complete=leaderboard.is_complete
    )
    if newer := find_newer_sync(work.transaction, sync_id):
        _keep(work, sync_id, reading, snapshot, snapshot)
        return _discard_superseded(work, sync_id, newer)
    known, recalled = states["xp"].notna().sum(), accounts["last_xp"].notna().sum()
    audit = _audit(work, sync_id, accounts, snapshot, leaderboard, unlinked=int(known - recalled))
    whole_sync_id = _find_whole_reading(work, sync_id, audit)
    unconfirmed = work.transaction.read("community/select_unconfirmed_readings")
    kept = snapshot if whole_sync_id is None else snapshot[find_changes(accounts, snapshot)]
    _keep(work, sync_id, reading, snapshot, kept, whole_sync_id)
    _decide(work, sync_id, audit, leaderboard)
    enrolled = snapshot.iloc[:0]
    if audit.passed:
        _remember_missing(work, sync_id, accounts, snapshot, leaderboard)
        # Of a reading that is not believed nobody becomes a member: it may be another guild's.
        if "username" in leaderboard.players:
            enrolled = _enroll(work, sync_id, leaderboard, snapshot)
            snapshot = pd.concat([snapshot, enrolled], ignore_index=True)
    if whole_sync_id is not None:
        unlinked = find_unlinked(accounts, states, unconfirmed, snapshot["discord_id"], sync_id)
        work.transaction.append("community.mee6_leaderboard_snapshot", unlinked)
    presence = _count_presence(snapshot)
    return Result(
        affected=1,
        details={
            "status": audit.status,
            **presence,
            "members_enrolled": len(enrolled),
            "members_set_aside": len(claimed_twice),
            "pages": leaderboard.pages,
            "requests": leaderboard.requests,
            "duplicates": leaderboard.duplicates,
            "odd_values": leaderboard.odd_values,
            "total_xp": int(snapshot["xp"].sum()),
        },
        notes=[
            f"the sync is {audit.status}",
            *audit.findings,
            *([contested(claimed_twice)] if claimed_twice else []),
            *_explain_membership(work, snapshot),
        ],
        rows_written=len(snapshot),
        success=audit.passed,
        verdicts={AUDIT_CHECK: (audit.passed, {**audit.figures, "findings": audit.findings})},
    )


def _find_whole_reading(work: Work, sync_id: int, audit: Audit) -> int | None:
    """Find the whole reading that this one can be kept as changes of; what is not believed is kept whole."""
    if not audit.passed:
        return None
    found: int | None = work.transaction.read_value(
        "community/select_whole_reading", sync_id=sync_id
    )
    return found


def _keep(
    work: Work,
    sync_id: int,
    reading: Reading,
    snapshot: pd.DataFrame,
    kept: pd.DataFrame,
    whole_sync_id: int | None = None,
) -> None:
    """Write a sync, staged, and the rows of its reading that are kept."""
    guild_id = cast("Leaderboard", reading.outcome).guild_id
    presence = _count_presence(snapshot)
    _upsert_sync(
        work,
        sync_id,
        guild_id,
        "staged",
        reading,
        presence=presence,
        whole_sync_id=whole_sync_id,
    )
    work.transaction.execute("community/ensure_snapshot_partition", day=work.as_of.date())
    work.transaction.append("community.mee6_leaderboard_snapshot", kept)


def _enroll(
    work: Work, sync_id: int, leaderboard: Leaderboard, snapshot: pd.DataFrame
) -> pd.DataFrame:
    """Make members of who is new on the leaderboard, whose baseline is this reading."""
    players = leaderboard.players
    accounts = enroll_players(
        work.transaction,
        players[~players["discord_id"].isin(snapshot["discord_id"])],
        min_level=work.settings.members_min_level,
    )
    enrolled = build_snapshot(
        accounts.assign(is_contested=False), players, sync_id, is_complete=False
    )
    work.transaction.append("community.mee6_leaderboard_snapshot", enrolled)
    work.transaction.execute(
        "community/count_enrolled_members", sync_id=sync_id, members=len(enrolled)
    )
    return enrolled


def _explain_membership(work: Work, snapshot: pd.DataFrame) -> list[str]:
    """What to do while nobody is a member, or where members cannot be made of a leaderboard."""
    if snapshot.empty:
        return [*filter(None, [advise(work.transaction, work.settings)])]
    whose = work.settings.members_from_board and find_other_owner(work.transaction)
    return [f"MEMBERS_FROM_BOARD does nothing: {whose}"] if whose else []


def _count_presence(snapshot: pd.DataFrame) -> dict[str, int]:
    present, absent = int(snapshot["is_present"].sum()), int((~snapshot["is_present"]).sum())
    return {
        "linked_members": len(snapshot),
        "present_members": present,
        "absent_members": absent,
        "unconfirmed_members": len(snapshot) - present - absent,
    }


def _audit(
    work: Work,
    sync_id: int,
    accounts: pd.DataFrame,
    snapshot: pd.DataFrame,
    leaderboard: Leaderboard,
    *,
    unlinked: int,
) -> Audit:
    newest = work.transaction.read_row("community/select_newest_accepted_sync") or {}
    return audit_snapshot(
        accounts,
        snapshot,
        is_empty=leaderboard.players.empty,
        xp_rate=leaderboard.xp_rate,
        guild_id=leaderboard.guild_id,
        last_guild_id=newest.get("guild_id"),
        sync_id=sync_id,
        last_sync_id=newest.get("sync_id"),
        unlinked=unlinked,
        thresholds=Thresholds(
            missing_share=work.settings.mee6_max_missing_share,
            dropped_share=work.settings.mee6_max_dropped_share,
            total_drop_share=work.settings.mee6_max_total_drop_share,
            implausible_share=work.settings.mee6_max_implausible_share,
            gain=work.settings.mee6_max_gain,
        ),
    )


def _decide(work: Work, sync_id: int, audit: Audit, leaderboard: Leaderboard) -> None:
    verdict = {"findings": audit.findings, "odd_values": leaderboard.odd_values, **audit.figures}
    work.transaction.execute(
        "community/decide_sync", sync_id=sync_id, status=audit.status, audit=json.dumps(verdict)
    )
    if not audit.passed:
        condition = quarantined(sync_id, "; ".join(audit.findings))
        report(work.transaction, condition, work.options.now)


def _remember_missing(
    work: Work,
    sync_id: int,
    accounts: pd.DataFrame,
    snapshot: pd.DataFrame,
    leaderboard: Leaderboard,
) -> None:
    """Note who was looked for in vain, so that the next syncs need not read the full leaderboard."""
    is_missing = ~(snapshot["is_present"].fillna(False).astype(bool) | accounts["is_contested"])
    work.transaction.stage("staged_missing", snapshot.loc[is_missing, ["discord_id"]])
    work.transaction.execute("community/delete_found_accounts")
    if leaderboard.is_complete or leaderboard.is_exhausted:
        work.transaction.execute("community/upsert_missing_accounts", sync_id=sync_id)


def _upsert_sync(
    work: Work,
    sync_id: int,
    guild_id: int,
    status: str,
    reading: Reading,
    *,
    presence: dict[str, int] | None = None,
    whole_sync_id: int | None = None,
) -> None:
    read = reading.outcome if isinstance(reading.outcome, Leaderboard) else None
    found = presence or {}
    work.transaction.execute(
        "community/upsert_sync",
        sync_id=sync_id,
        guild_id=guild_id,
        status=status,
        requested_count=found.get("linked_members", 0),
        found_count=found.get("present_members", 0),
        missing_count=found.get("absent_members", 0),
        pages=read.pages if read else 0,
        requests=read.requests if read else 0,
        duplicates=read.duplicates if read else 0,
        xp_rate=read.xp_rate if read else 1.0,
        started_at=reading.started,
        finished_at=reading.ended,
        error=None if read else str(reading.outcome),
        run_id=work.options.run_id,
        whole_sync_id=whole_sync_id,
    )


def _record_failed_sync(work: Work, sync_id: int, reading: Reading, error: Mee6Error) -> Result:
    details: dict[str, Any] = {"status": "failed", "error": type(error).__name__}
    if isinstance(error, Mee6Blocked):
        details["blocked_until"] = _record_block(work, reading, error)
    if isinstance(error, Mee6AccessError):
        report(work.transaction, refused(str(error)), work.options.now)
    guild_id = cast("int", work.settings.mee6_guild_id)
    _upsert_sync(work, sync_id, guild_id, "failed", reading)
    return Result(
        0, details=details, notes=[f"the MEE6 leaderboard was not read: {error}"], success=False
    )


def _record_block(work: Work, reading: Reading, error: Mee6Blocked) -> str:
    """Note until when MEE6 wants to be left alone."""
    # The wait counts from the refusal, which may come minutes into the reading.
    refused_at = work.options.now + (reading.ended - reading.started)
    strikes = int(
        work.transaction.read_value("community/count_blocks", since=refused_at - STRIKES_COUNT_FOR)
    )
    until = block_until(refused_at, error.retry_after_seconds, strikes)
    # MEE6 remembers it, whether or not this run is rolled back: so must we.
    with work.database.transaction() as transaction:
        transaction.execute("community/insert_block", blocked_at=refused_at, blocked_until=until)
    return until.isoformat()


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
    return superseded(sync_id, newer)
