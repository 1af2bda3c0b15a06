"""Boards of days that are over, when points for few members came late: they move, the others make room."""

from collections.abc import Sequence
from datetime import date, timedelta

import pandas as pd

from trc_pipelines.calendar import board_starts
from trc_pipelines.community.rules import late_boards
from trc_pipelines.jobs.contract import Work

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
    arriving = _find_ranks_ahead(work, late_boards.find_pages(arriving, pages))
    pieces = late_boards.find_pieces(leaving, arriving, pages)
    work.transaction.stage("staged_pieces", pieces.merge(wanted, on=late_boards.BOARD))
    work.transaction.execute("community/exchange_ranking_pages")
    written = pieces.groupby("day", as_index=False)["ranks"].sum()
    return (
        dict(zip(written["day"].dt.date, written["ranks"].tolist(), strict=True)),
        [day.date() for day in whole],
    )


def _find_ranks_ahead(work: Work, arriving: pd.DataFrame) -> pd.DataFrame:
    """Find the last rank ahead of each who arrives, as the board stands; 0 for none."""
    work.transaction.stage("staged_arriving", arriving.drop(columns="account_id"))
    ahead = work.transaction.read("community/select_ranks_ahead").set_index("number")["rank"]
    ranks = arriving["number"].map(ahead).fillna(0).astype("int64")
    return arriving.assign(rank_ahead=ranks)


def _find_trimmed(work: Work, pages: pd.DataFrame) -> pd.DataFrame:
    """Find boards of which only the first page was kept, and the least score on it."""
    kept_from = work.as_of.date() - timedelta(days=work.settings.ranking_retention_days)
    is_old = (pages["day"] < pd.Timestamp(kept_from)) & (pages["day"].dt.day_of_week != SUNDAY)
    is_only = ~pages.duplicated(late_boards.BOARD, keep=False)
    trimmed: pd.DataFrame = pages[is_old & is_only & (pages["members"] == late_boards.PAGE)]
    return trimmed
