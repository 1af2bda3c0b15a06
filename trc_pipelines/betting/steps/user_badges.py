"""The badges of a week: read, calculated, merged by what differs, and closed; what they unlock."""

import logging
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pandas as pd

from trc_pipelines.betting.publishing import notify
from trc_pipelines.betting.rules.badges import (
    CALCULATORS,
    Week,
    diff_badges,
    is_week_over,
    latest_sunday,
    tier_of,
)
from trc_pipelines.database.connection import Transaction
from trc_pipelines.jobs.contract import Result, Work
from trc_pipelines.jobs.events import record_events

logger = logging.getLogger(__name__)

WEEK = timedelta(days=7)
EFFECTS = "betting.user_effect_access"


@dataclass(frozen=True)
class Judged:
    """A week that was judged: who ought to hold what, how much changed, what was not calculated."""

    earned: pd.DataFrame
    new: int
    lost: int
    failed: list[str]


def judge_week(work: Work, monday: date, moment: datetime) -> Judged:
    """Make the badges of a week what they ought to be at a moment of it."""
    zone = ZoneInfo(work.settings.sunday_timezone)
    earned, failed = calculate_badges(read_week(work.transaction, monday, moment, zone))
    new, lost = merge_badges(work, monday, earned, failed)
    return Judged(earned, new, lost, failed)


def close_weeks(work: Work, current: date) -> Judged | None:
    """Judge the weeks that are over for the last time, oldest first, and mark each in the same transaction.

    A week whose calculators fail stays open, and so do those after it.

    Returns:
        What changed in all of them; None when the current week is closed itself: an old tick.
    """
    closed = work.transaction.read_value("betting/select_last_badge_week")
    if closed is None:
        closed = current - WEEK
        _mark_closed(work, closed, 0, 0)  # nothing was judged before
    if current <= closed:
        return None
    new = lost = 0
    failed: list[str] = []
    week = closed + WEEK
    while week < current and not failed and _is_over(work, week):
        judged = judge_week(work, week, _end(week) - timedelta.resolution)
        new, lost, failed = new + judged.new, lost + judged.lost, judged.failed
        if not failed:
            _mark_closed(work, week, judged.new, judged.lost)
        week += WEEK
    return Judged(pd.DataFrame(), new, lost, failed)


def _is_over(work: Work, monday: date) -> bool:
    end = _end(monday)
    zone = ZoneInfo(work.settings.sunday_timezone)
    _, sunday_end = latest_sunday(end - timedelta.resolution, zone)
    pending = work.transaction.read_value(
        "betting/count_pending_of_week", begins_at=end - WEEK, ends_at=max(end, sunday_end)
    )
    return is_week_over(end, int(pending), work.as_of)


def _end(monday: date) -> datetime:
    return datetime.combine(monday, time(), UTC) + WEEK


def _mark_closed(work: Work, monday: date, new: int, lost: int) -> None:
    work.transaction.execute(
        "betting/insert_badge_week",
        week_start=monday,
        earned=new,
        lost=lost,
        as_of=work.as_of,
        run_id=work.options.run_id,
    )


def read_week(transaction: Transaction, monday: date, as_of: datetime, zone: ZoneInfo) -> Week:
    """What happened in the ISO week, and on the latest Sunday of the zone."""
    week = {"begins_at": _end(monday) - WEEK, "ends_at": _end(monday)}
    begins_at, ends_at = latest_sunday(as_of, zone)
    return Week(
        settled=transaction.read("betting/select_settled_in_week", **week),
        placed=transaction.read("betting/select_placed_in_week", **week),
        posted=transaction.read("betting/select_posted_in_week", **week)["user_id"],
        sunday=transaction.read("betting/select_sunday_bets", begins_at=begins_at, ends_at=ends_at),
    )


def calculate_badges(week: Week) -> tuple[pd.DataFrame, list[str]]:
    """Who ought to hold what (badge, user_id), and the badges whose calculator failed.

    One that fails must not take the others' badges with it, nor its own from who holds them.
    """
    earned, failed = [pd.DataFrame({"badge": [], "user_id": []}, dtype="str")], []
    for badge, calculate in CALCULATORS.items():
        try:
            holders = calculate(week)
        except Exception:
            logger.exception("the badge %s could not be calculated", badge)
            failed.append(badge)
        else:
            earned.append(pd.DataFrame({"badge": badge, "user_id": holders}, dtype="str"))
    return pd.concat(earned, ignore_index=True), failed


def merge_badges(
    work: Work, monday: date, earned: pd.DataFrame, failed: list[str]
) -> tuple[int, int]:
    """Write what differs from what is held, and tell; how many were earned and lost."""
    held = work.transaction.read("betting/select_held_badges", week_start=monday)
    new, lost = diff_badges(held[~held["badge"].isin(failed)], earned)
    changes = pd.concat([new.assign(change="earned"), lost.assign(change="lost")])
    if len(changes):
        work.transaction.stage("staged_badges", changes)
        work.transaction.execute(
            "betting/merge_badges", week_start=monday, as_of=work.as_of, run_id=work.options.run_id
        )
    notify(
        work.transaction,
        new["user_id"],
        pd.Series("milestone", new.index),
        new[["badge"]].assign(week_start=str(monday)),
        dedupe_keys="badge:" + new["badge"] + f":{monday}",
        at=work.as_of,
    )
    for event_type, frame in (("BadgeEarned", new), ("BadgeLost", lost)):
        record_events(
            work.transaction,
            event_type,
            frame[["user_id", "badge"]].assign(week_start=str(monday)),
            dedupe_keys=frame["badge"]
            + ":"
            + frame["user_id"]
            + f":{monday}:{work.as_of.isoformat()}",
            occurred_at=work.as_of,
            run_id=work.options.run_id,
        )
    return len(new), len(lost)


def unlock_effects(work: Work, monday: date) -> Result:
    """Bring everybody's tier up to the badges held in the week, unless a newer one decides already."""
    work.transaction.execute("jobs/lock_step", table=EFFECTS)
    newest = work.transaction.read_value("betting/select_effect_week")
    if newest and monday < newest:
        return Result(0, f"effects stand for the week of {newest} already")
    access = work.transaction.read("betting/select_effect_access", week_start=monday)
    access["tier"] = tier_of(access["badges"])
    standing = access["standing_tier"].fillna(0)
    is_new = (access["standing_badges"].fillna(-1) != access["badges"]) | ~access["is_of_week"]
    work.transaction.stage("staged_access", access.loc[is_new, ["user_id", "tier", "badges"]])
    work.transaction.execute("betting/upsert_effect_access", week_start=monday, as_of=work.as_of)
    changed = access.assign(previous_tier=standing)[access["tier"] != standing]
    record_events(
        work.transaction,
        "EffectAccessChanged",
        changed[["user_id", "tier", "previous_tier"]],
        dedupe_keys=changed["user_id"] + f":{work.as_of.isoformat()}",
        occurred_at=work.as_of,
        run_id=work.options.run_id,
    )
    tiers = access["tier"].value_counts()
    return Result(
        affected=len(changed),
        message=f"{len(changed)} users changed tier",
        details={f"tier_{tier}": int(count) for tier, count in tiers.items()},
        rows=len(access),
    )
