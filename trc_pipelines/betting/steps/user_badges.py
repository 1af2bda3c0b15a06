"""Who holds which badge: calculated by the week, merged by what differs, and closed."""

import logging
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd

from trc_pipelines.app_relations.values import require_values
from trc_pipelines.betting.effects import unlock_effects
from trc_pipelines.betting.publishing import notify, record_changes
from trc_pipelines.betting.relations import bets, games, notifications, posts, users
from trc_pipelines.betting.rules.badges import (
    CALCULATORS,
    Week,
    diff_badges,
    is_week_over,
    latest_sunday,
    tell_evidence,
)
from trc_pipelines.betting.steps.user_stats import user_stats
from trc_pipelines.calendar import WEEK, midnight, week_start
from trc_pipelines.database.connection import Transaction
from trc_pipelines.jobs.contract import Result, Work, step

logger = logging.getLogger(__name__)

JUDGED = ["user_id", "status", "net", "is_tail", "is_fade", "created_at"]


@step(
    "betting",
    deps=[user_stats, bets, posts, games, users],
    max_age_minutes=65,
    writes=[notifications],
)
def user_badges(work: Work) -> Result:
    """One row per user, badge and ISO week in which it was ever held. A new week begins empty.

    Merged by difference: earned, lost, or untouched. A week is judged once more after its end, when
    its games are settled, a day later at the latest. Then its badges stand for good. A calculator
    that fails leaves its badge as it stands.
    """
    monday = week_start(work.as_of.date())
    closing = close_weeks(work, monday)
    if closing is None:
        return Result(0, notes=[f"badges of the week of {monday} stand for good"])
    week = judge_week(work, monday, work.as_of).after(closing)
    if week.failed:
        # The next step is not reached, and effects are not to wait until a calculator is mended.
        unlock_effects(work, monday)
    return Result(
        affected=week.new + week.lost,
        details={"badges_earned": week.new, "badges_lost": week.lost} | week.count_holders(),
        notes=week.notes,
        rows_written=week.new + week.lost,
        success=not week.failed,
    )


@dataclass(frozen=True)
class Judged:
    """A week that was judged: who ought to hold what, how much changed, what was not calculated."""

    earned: pd.DataFrame
    new: int
    lost: int
    failed: list[str]

    def after(self, earlier: "Judged") -> "Judged":
        """Add what changed in weeks before. Who holds what is that of this one."""
        failed = sorted({*earlier.failed, *self.failed})
        return Judged(self.earned, earlier.new + self.new, earlier.lost + self.lost, failed)

    def count_holders(self) -> dict[str, int]:
        """Count who holds each badge."""
        return {str(badge): int(n) for badge, n in self.earned["badge"].value_counts().items()}

    @property
    def notes(self) -> list[str]:
        """What is to be said of badges that were not calculated."""
        said = f"not calculated, and left as they were: {', '.join(self.failed)}"
        return [said] if self.failed else []


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
        What changed in all of them, or None when the current week is closed itself, as it is for an
        old tick.
    """
    closed = work.transaction.read_value("betting/select_last_badge_week")
    if closed is None:
        closed = current - WEEK
        _mark_closed(work, closed, 0, 0)  # nothing was judged before
    if current <= closed:
        return None
    changes = Judged(pd.DataFrame(), 0, 0, [])
    week = closed + WEEK
    while week < current and not changes.failed and _is_over(work, week):
        judged = judge_week(work, week, midnight(week + WEEK) - timedelta.resolution)
        changes = judged.after(changes)
        if not judged.failed:
            _mark_closed(work, week, judged.new, judged.lost)
        week += WEEK
    return changes


def _is_over(work: Work, monday: date) -> bool:
    begin, end = midnight(monday), midnight(monday + WEEK)
    zone = ZoneInfo(work.settings.sunday_timezone)
    _, sunday_end = latest_sunday(end - timedelta.resolution, zone)
    pending = work.transaction.read_value(
        "betting/count_pending_of_week", begins_at=begin, ends_at=max(end, sunday_end)
    )
    return is_week_over(end, int(pending), work.as_of)


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
    """Read what happened in the ISO week, and on the latest Sunday of the zone."""
    week = {"begins_at": midnight(monday), "ends_at": midnight(monday + WEEK)}
    begins_at, ends_at = latest_sunday(as_of, zone)
    return Week(
        settled=require_values(
            transaction.read("betting/select_settled_in_week", **week),
            "bet_id",
            {bets.table: JUDGED},
        ),
        placed=transaction.read("betting/select_placed_in_week", **week),
        posted=transaction.read("betting/select_posted_in_week", **week)["user_id"],
        sunday=transaction.read("betting/select_sunday_bets", begins_at=begins_at, ends_at=ends_at),
    )


def calculate_badges(week: Week) -> tuple[pd.DataFrame, list[str]]:
    """Find who ought to hold what (badge, user_id, evidence), and the badges whose calculator failed.

    One that fails must not take the others' badges with it, nor its own from who holds them.
    """
    earned, failed = {"": pd.Series(dtype="str")}, []
    for badge, calculate in CALCULATORS.items():
        try:
            earned[badge] = tell_evidence(calculate(week))
        except Exception:
            logger.exception("the badge %s could not be calculated", badge)
            failed.append(badge)
    holders = pd.concat(earned, names=["badge", "user_id"]).reset_index(name="evidence")
    return holders.astype("str"), failed


def merge_badges(
    work: Work, monday: date, earned: pd.DataFrame, failed: list[str]
) -> tuple[int, int]:
    """Write what differs from what is held, and publish it. Count what was earned and lost."""
    held = work.transaction.read("betting/select_held_badges", week_start=monday)
    new, lost = diff_badges(held[~held["badge"].isin(failed)], earned)
    if new.empty and lost.empty:
        return 0, 0
    reasons = new.merge(earned, on=["badge", "user_id"])
    changes = pd.concat([reasons.assign(change="earned"), lost.assign(change="lost")])
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
        payloads = frame[["user_id", "badge"]].assign(week_start=str(monday))
        what = frame["badge"] + ":" + frame["user_id"] + f":{monday}"
        record_changes(work, event_type, payloads, what)
    return len(new), len(lost)
