"""The boards, day by day."""

from datetime import date

import pandas as pd

from trc_pipelines.calendar import board_starts
from trc_pipelines.community.relations import NAME, members
from trc_pipelines.community.steps.daily_points import daily_points, freshen_points
from trc_pipelines.jobs.contract import Result, Work, step
from trc_pipelines.leaderboards.boards import record_boards
from trc_pipelines.leaderboards.ranking import rank_boards


@step(NAME, deps=[daily_points, members], is_daily=True, max_age_minutes=65)
def leaderboard_rankings(work: Work) -> Result:
    """One row per day, board (global, weekly, monthly) and ranked member: the day's last state.

    Points of members who are ACTIVE or TRIALING and agreed to be shown. A score of 0 is on no
    board, as in no archive. Score descending, then latest point-earning time, then member id:
    every rank is unique.
    """
    first_day, last_day = work.days
    notes = freshen_points(work)
    work.transaction.execute("community/open_days", first_day=first_day, last_day=last_day)
    work.transaction.execute(
        "community/claim_days_for_boards",
        first_day=first_day,
        last_day=last_day,
        start_on=work.settings.community_start_on,
        today=work.as_of.date(),
    )
    work.transaction.execute("community/delete_rankings", first_day=first_day, last_day=last_day)
    sizes = {day: _rank_day(work, day) for day in pd.date_range(*work.days).date}
    work.transaction.execute("community/settle_late_boards", first_day=first_day, last_day=last_day)
    rows = sum(sum(boards.values()) for boards in sizes.values())
    return Result(
        affected=rows,
        details=sizes[last_day],
        notes=notes,
        rows_written=rows,
        by_day={
            day: boards | dict.fromkeys(("rows", "rows_written"), sum(boards.values()))
            for day, boards in sizes.items()
        },
    )


def _rank_day(work: Work, day: date) -> dict[str, int]:
    """Rank every board as the day ended, and count who is on it."""
    starts = board_starts(day)
    scores = pd.concat([_read_scores(work, board, start, day) for board, start in starts.items()])
    ranked = rank_boards(scores)
    work.transaction.append(
        "community.leaderboard_rankings",
        ranked.assign(
            day=pd.Timestamp(day), period_start=pd.to_datetime(ranked["board"].map(starts))
        ),
    )
    record_boards(work.transaction, NAME, day, ranked, starts)
    sizes = ranked["board"].value_counts()
    return {f"members_on_the_{board}_board": int(sizes.get(board, 0)) for board in starts}


def _read_scores(work: Work, board: str, start: date | None, day: date) -> pd.DataFrame:
    scores = (
        work.transaction.read("community/select_lifetime_scores", day=day)
        if start is None
        else work.transaction.read("community/select_board_scores", period_start=start, day=day)
    )
    return scores.assign(board=board)
