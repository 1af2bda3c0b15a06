"""The badges of a week: read, calculated, and merged by what differs."""

import logging
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pandas as pd

from trc_pipelines.betting.badges import CALCULATORS, Week, diff_badges, latest_sunday
from trc_pipelines.betting.messages import notify
from trc_pipelines.database.connection import Transaction
from trc_pipelines.operations.contract import Work
from trc_pipelines.operations.events import record_events

logger = logging.getLogger(__name__)

PAIR = ["badge", "user_id"]


def read_week(transaction: Transaction, monday: date, as_of: datetime, zone: ZoneInfo) -> Week:
    """What happened in the ISO week, and on the latest Sunday of the zone."""
    start = datetime.combine(monday, time(), UTC)
    week = (start, start + timedelta(days=7))
    return Week(
        settled=transaction.read("betting/select_settled_in_week", *week),
        placed=transaction.read("betting/select_placed_in_week", *week),
        posted=transaction.read("betting/select_posted_in_week", *week)["user_id"],
        sunday=transaction.read("betting/select_sunday_bets", *latest_sunday(as_of, zone)),
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
    held = work.db.read("betting/select_held_badges", monday)
    new, lost = diff_badges(held[~held["badge"].isin(failed)], earned)
    changes = pd.concat([new.assign(change="earned"), lost.assign(change="lost")])
    if len(changes):
        work.db.stage("staged_badges", changes)
        work.db.execute("betting/merge_badges", monday, work.as_of, work.options.run_id)
    notify(
        work.db,
        new["user_id"],
        pd.Series("milestone", new.index),
        new[["badge"]].assign(week_start=str(monday)),
        dedupe_keys="badge:" + new["badge"] + f":{monday}",
        at=work.as_of,
    )
    for event_type, frame in (("BadgeEarned", new), ("BadgeLost", lost)):
        record_events(
            work.db,
            event_type,
            frame[["user_id", "badge"]].assign(week_start=str(monday)),
            dedupe_keys=frame["badge"] + ":" + frame["user_id"] + f":{work.as_of.isoformat()}",
            occurred_at=work.as_of,
            run_id=work.options.run_id,
        )
    return len(new), len(lost)
