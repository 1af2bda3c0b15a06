"""The boards, day by day."""

from collections.abc import Mapping
from datetime import date

import pandas as pd

from trc_pipelines.calendar import board_starts
from trc_pipelines.community.late_boards import move_late_members
from trc_pipelines.community.relations import NAME, members
from trc_pipelines.community.rules.days import figures_by_day
from trc_pipelines.community.steps.daily_points import daily_points, freshen_points
from trc_pipelines.jobs.contract import Result, Work, step
from trc_pipelines.leaderboards.boards import record_sizes
from trc_pipelines.leaderboards.ranking import rank_boards

# Boards whose scores the ledger keeps by itself, in member_points.
TOTALLED = {"global", "weekly", "monthly"}

# How many are on a board, as people read it.
FIGURE = "members_on_the_{}_board"

Starts = Mapping[str, date | None]


@step(
    NAME,
    deps=[daily_points, members],
    is_daily=True,
    has_independent_days=True,
    max_age_minutes=65,
)
def leaderboard_rankings(work: Work) -> Result:
    """One row per day, board (global, weekly, monthly) and ranked member: the day's last state.

    Points of members who are ACTIVE or TRIALING and agreed to be shown. A score of 0 is on no
    board, as in no archive. Score descending, then latest point-earning time, then member id:
    every rank is unique.
    """
    first_day, last_day = work.days
    notes = freshen_points(work)
    work.transaction.execute("community/open_days", first_day=first_day, last_day=last_day)
    whole, moving = _divide_days(work)
    work.transaction.execute(
        "community/claim_days_for_boards",
        first_day=first_day,
        last_day=last_day,
        start_on=work.settings.community_start_on,
        today=work.as_of.date(),
    )
    written, left = move_late_members(work, moving)
    # The newest day's movement counts from the day before.
    moved = [max(written)] if written else []
    ranked = [*left, *whole]
    for number, day in enumerate(ranked, start=1):
        work.tell(f"{day}, day {number} of {len(ranked)}")
        work.transaction.execute("community/delete_rankings", first_day=day, last_day=day)
        _rank_day(work, day)
    work.transaction.execute("community/settle_late_boards", first_day=first_day, last_day=last_day)
    # Last of all: runs of other days wait for who has recorded boards.
    recorded = {day: _record_boards(work, day) for day in [*moved, *ranked]}
    written |= {day: recorded[day] for day in ranked}
    by_day = _count_days(work, written)
    return Result(
        affected=sum(written.values()),
        details={
            name: by_day[last_day][name] for name in map(FIGURE.format, board_starts(last_day))
        },
        notes=notes,
        rows_written=sum(written.values()),
        by_day=by_day,
    )


def _divide_days(work: Work) -> tuple[list[date], list[date]]:
    """Tell which days are ranked as a whole, and on which only those move who are late."""
    first_day, last_day = work.days
    if work.are_days_named:
        return list(pd.date_range(first_day, last_day).date), []
    days = work.transaction.read_rows(
        "community/find_boards_to_rank", first_day=first_day, last_day=last_day
    )
    return (
        [row["day"] for row in days if row["is_whole"]],
        [row["day"] for row in days if not row["is_whole"]],
    )


def _count_days(work: Work, written: dict[date, int]) -> dict[date, dict[str, int]]:
    """Count who is on which board, for each day that was asked for."""
    first_day, last_day = work.days
    counted = work.transaction.read(
        "community/count_rankings", first_day=first_day, last_day=last_day
    )
    sizes = counted.pivot_table(
        index="day", columns=counted["board"].map(FIGURE.format), values="members"
    ).reindex(columns=list(map(FIGURE.format, board_starts(last_day))))
    rows = pd.Series(written, dtype="int64").rename("rows_written")
    rows.index = pd.DatetimeIndex(rows.index)
    return figures_by_day(sizes.assign(rows=sizes.sum(axis=1)).join(rows, how="outer"), work.days)


def _rank_day(work: Work, day: date) -> None:
    """Rank every board as the day ended."""
    starts = board_starts(day)
    rank = _rank_totals if _has_running_totals(work, day, starts) else _rank_scores
    rank(work, day, starts)


def _record_boards(work: Work, day: date) -> int:
    """Note the boards of a day as they are now, and count the ranks."""
    digests = work.transaction.read_rows("community/select_board_digests", day=day)
    sizes = {row["board"]: (row["members"], row["digest"]) for row in digests}
    record_sizes(work.transaction, NAME, day, sizes, board_starts(day))
    return sum(members for members, _ in sizes.values())


def _has_running_totals(work: Work, day: date, starts: Starts) -> bool:
    return starts.keys() == TOTALLED and bool(
        work.transaction.read_value(
            "community/has_running_totals", day=day, since=min(filter(None, starts.values()))
        )
    )


def _rank_totals(work: Work, day: date, starts: Starts) -> None:
    """Rank the newest day, in the database."""
    work.transaction.execute("community/allow_memory")
    work.transaction.execute(
        "community/rank_newest_day",
        day=day,
        week_start=starts["weekly"],
        month_start=starts["monthly"],
    )


def _rank_scores(work: Work, day: date, starts: Starts) -> None:
    """Rank any day, from the days before it."""
    scores = pd.concat([_read_scores(work, board, start, day) for board, start in starts.items()])
    ranked = rank_boards(scores)
    work.transaction.stage(
        "staged_rankings",
        ranked.assign(period_start=pd.to_datetime(ranked["board"].map(starts))),
    )
    work.transaction.execute("community/insert_rankings", day=day)


def _read_scores(work: Work, board: str, start: date | None, day: date) -> pd.DataFrame:
    scores = (
        work.transaction.read("community/select_lifetime_scores", day=day)
        if start is None
        else work.transaction.read("community/select_board_scores", period_start=start, day=day)
    )
    return scores.assign(board=board)
