"""Closing a period of a board: its final standings are archived once, and an event says so.

A "reset" is nothing else: the next period is a new one, and nothing is set to zero.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pandas as pd

from trc_pipelines.calendar import Period, ended_periods
from trc_pipelines.database.connection import Transaction
from trc_pipelines.jobs.contract import Job, Result, Trigger, Work
from trc_pipelines.jobs.events import record_events
from trc_pipelines.leaderboards.ranking import rank_boards
from trc_pipelines.settings import Settings

# What the last minutes of a period earned arrives a little later. A source that stays silent for a
# day does not keep the period open: what it brings then is of another time. What is known and only
# waits to be posted keeps it open for as long as it waits.
GRACE = timedelta(hours=24)
# One score of 1970 makes thousands of periods due: the next run goes on.
MOST_AT_ONCE = 200
SHOWN = 10
WAITING = "not everything has arrived yet, it closes as soon as it has"


@dataclass(frozen=True)
class PeriodicBoards:
    """What a domain says of its boards.

    Attributes:
        domain: the schema that holds them.
        first_day: first day with a score, None while there is none.
        settled_until: up to when the source of the scores was read, None when it never was.
        read_scores: final scores of a period: member_id, score, reached_at. Waits for whoever is
            writing them.
        pending_since: when the oldest of what is known and not in the scores yet was earned, None
            when nothing waits.
        find_lasting_keys: the keys under which members stand in the archive, for good, in order.
    """

    domain: str
    first_day: Callable[[Transaction, Settings], date | None]
    settled_until: Callable[[Transaction, Settings], datetime | None]
    read_scores: Callable[[Transaction, Period], pd.DataFrame]
    pending_since: Callable[[Transaction], datetime | None] = lambda _transaction: None
    find_lasting_keys: Callable[[Transaction, pd.Series], pd.Series] = (
        lambda _transaction, members: members
    )


def find_due_periods(
    transaction: Transaction, settings: Settings, boards: PeriodicBoards, as_of: datetime
) -> tuple[list[Period], list[Period]]:
    """Find periods that have ended and are still open, oldest first.

    Returns:
        Those to close now, and those that wait.
    """
    first_day = boards.first_day(transaction, settings)
    if first_day is None:
        return [], []
    # What ended before was reset by the app's old jobs.
    cut_over_at = settings.cut_over_at(boards.domain)
    closed = transaction.read("leaderboards/select_closed_periods", domain=boards.domain)
    starts = set(zip(closed["board"], closed["period_start"].dt.date, strict=True))
    open_periods = [
        period
        for period in ended_periods(first_day, as_of)
        if (period.board, period.start) not in starts
        and not (cut_over_at and period.ends_at <= cut_over_at)
    ]
    settled = boards.settled_until(transaction, settings)
    due = [
        period
        for period in open_periods
        if (settled and settled >= period.ends_at) or as_of >= period.ends_at + GRACE
    ]
    if due and (pending := boards.pending_since(transaction)):
        due = [period for period in due if period.ends_at <= pending]
    return due, open_periods[len(due) :]


def build_closing_trigger(boards: PeriodicBoards, job: Job) -> Trigger:
    """Ask for the closing job as soon as everything of an ended period has arrived."""

    def find_due(
        transaction: Transaction, settings: Settings, now: datetime
    ) -> tuple[date, date] | str:
        due, waiting = find_due_periods(transaction, settings, boards, now)
        if due:
            return now.date(), now.date()
        if waiting:
            return f"{waiting[0].label} is over; not everything has arrived yet"
        return "no period is open that has ended"

    return Trigger(
        f"{boards.domain}_closing_sensor",
        "Closes periods that ended: late, missed, or waiting for a sync.",
        job,
        timedelta(minutes=1),
        find_due,
    )


def close_periods(work: Work, boards: PeriodicBoards) -> Result:
    """Archive the final standings of every period that has ended and is settled, oldest first.

    A limit counts periods.
    """
    due, waiting = find_due_periods(work.transaction, work.settings, boards, work.as_of)
    chosen = due[: work.budget.at_most(MOST_AT_ONCE)]
    archived = sum(_close(work, boards, period) for period in chosen)
    return Result(
        affected=len(chosen),
        details={
            "periods_closed": len(chosen),
            "scores_archived": archived,
            "periods_waiting": len(waiting),
        },
        notes=[
            *([f"closed {_name_some(chosen)}"] if chosen else []),
            *([f"{_name_some(waiting)}: {WAITING}"] if waiting else []),
        ],
        rows_written=archived,
    )


def _name_some(periods: Sequence[Period]) -> str:
    more = f" and {len(periods) - SHOWN} more" if len(periods) > SHOWN else ""
    return ", ".join(f"{period.board} {period.label}" for period in periods[:SHOWN]) + more


def _close(work: Work, boards: PeriodicBoards, period: Period) -> int:
    scores = boards.read_scores(work.transaction, period)
    ranked = rank_boards(scores.assign(board=period.board))
    ranked = ranked.assign(
        domain=boards.domain,
        period_start=pd.Timestamp(period.start),
        member_id=boards.find_lasting_keys(work.transaction, ranked["member_id"]),
    )
    work.transaction.append("leaderboards.archived_rankings", ranked)
    work.transaction.execute(
        "leaderboards/insert_closed_period",
        domain=boards.domain,
        board=period.board,
        period_start=period.start,
        period_end=period.end,
        period=period.label,
        members=len(ranked),
        run_id=work.options.run_id,
    )
    record_events(
        work.transaction,
        "LeaderboardReset",
        pd.DataFrame(
            {
                "domain": [boards.domain],
                "leaderboard_type": period.board,
                "period": period.label,
                "period_start": str(period.start),
                "period_end": str(period.end),
                "players_archived": len(ranked),
            }
        ),
        dedupe_keys=pd.Series([f"{boards.domain}:{period.board}:{period.start}"]),
        occurred_at=work.as_of,
        run_id=work.options.run_id,
    )
    return len(ranked)
