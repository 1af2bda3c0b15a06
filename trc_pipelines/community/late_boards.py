"""Boards of days that are over, when points for few members came late: they move, the others make room."""

from collections.abc import Sequence
from datetime import date, timedelta

import pandas as pd

from trc_pipelines.calendar import board_starts
from trc_pipelines.community.relations import NAME
from trc_pipelines.community.rules import late_boards
from trc_pipelines.jobs.contract import Work
from trc_pipelines.leaderboards.boards import record_sizes

SUNDAY = 6


def move_late_members(work: Work, days: Sequence[date]) -> tuple[dict[date, int], list[date]]:
    """Put those who are late where they belong on the boards of these days.

    Only they are judged by what they are now, a member or not, shown or not: who else was on a board
    stays on it.

    Returns:
        How many ranks were written, by day, and days that have to be ranked as a whole.
    """
    if not days:
        return {}, []
    wanted = pd.DataFrame(
        [
            {"day": day, "board": board, "period_start": start}
            for day in days
            for board, start in board_starts(day).items()
        ]
    ).astype({"day": "datetime64[s]", "period_start": "datetime64[s]"})
    late = work.transaction.read("community/select_late_boards", last_day=max(days))
    work.transaction.stage("staged_late", late)
    work.transaction.stage("staged_boards", wanted)
    before = work.transaction.read("community/select_late_ranks", days=list(days))
    now = work.transaction.read("community/select_late_scores")
    leaving, arriving = late_boards.find_moves(before, now)
    pages = work.transaction.read("community/select_ranking_pages", days=list(days))
    leaving, arriving, whole = late_boards.leave_out_trimmed(
        leaving, arriving, _find_trimmed(work, pages)
    )
    if leaving.empty and arriving.empty:
        return {}, [day.date() for day in whole]
    stretches, leaving, arriving = late_boards.find_stretches(leaving, arriving, pages)
    work.transaction.stage("staged_stretches", stretches.merge(wanted, on=late_boards.BOARD))
    work.transaction.stage("staged_leaving", leaving[["stretch", "member_id"]])
    work.transaction.stage(
        "staged_arriving", arriving[["stretch", "member_id", "score", "reached_at"]]
    )
    work.transaction.execute("community/allow_memory")
    written = work.transaction.read_rows("community/exchange_ranking_pages")
    _record_boards(work, max(days))
    return {row["day"]: row["rows_written"] for row in written}, [day.date() for day in whole]


def _find_trimmed(work: Work, pages: pd.DataFrame) -> pd.DataFrame:
    """Find boards of which only the first page was kept, and the least score on it."""
    kept_from = work.as_of.date() - timedelta(days=work.settings.ranking_retention_days)
    is_old = (pages["day"] < pd.Timestamp(kept_from)) & (pages["day"].dt.day_of_week != SUNDAY)
    is_only = ~pages.duplicated(late_boards.BOARD, keep=False)
    trimmed: pd.DataFrame = pages[is_old & is_only & (pages["members"] == late_boards.PAGE)]
    return trimmed


def _record_boards(work: Work, day: date) -> None:
    """Note the boards of a day as they are now: the newest day's movement counts from the day before."""
    digests = work.transaction.read_rows("community/select_board_digests", day=day)
    sizes = {row["board"]: (int(row["members"]), row["digest"]) for row in digests}
    record_sizes(work.transaction, NAME, day, sizes, board_starts(day))
