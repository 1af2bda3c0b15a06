"""What the shared boards code needs to know of the quiz's boards."""

from datetime import date, datetime
from typing import cast

import pandas as pd

from trc_pipelines.calendar import Period
from trc_pipelines.database.connection import Transaction
from trc_pipelines.leaderboards.cache import CachedBoards
from trc_pipelines.leaderboards.closing import PeriodicBoards
from trc_pipelines.quiz.relations import NAME
from trc_pipelines.settings import Settings


def _first_day(transaction: Transaction, _settings: Settings) -> date | None:
    return cast("date | None", transaction.read_value("quiz/select_first_day"))


def _settled_until(transaction: Transaction, _settings: Settings) -> datetime | None:
    # The app writes XP as it is earned, so only an open transaction can still add some.
    return cast("datetime | None", transaction.read_value("quiz/select_settled_until"))


def _read_scores(transaction: Transaction, period: Period) -> pd.DataFrame:
    # What is counted is kept for a while: it is what the archive is checked against, and it shows
    # which XP came late and which was missed.
    transaction.execute(
        "quiz/insert_counted_xp",
        board=period.board,
        period_start=period.start,
        begins_at=period.begins_at,
        ends_at=period.ends_at,
    )
    return transaction.read(
        "quiz/select_period_scores", board=period.board, period_start=period.start
    )


def _read_rows(transaction: Transaction, board: str) -> pd.DataFrame:
    return transaction.read("quiz/select_board_rows", board=board)


CACHED_BOARDS = CachedBoards(NAME, _read_rows)
BOARDS = PeriodicBoards(NAME, _first_day, _settled_until, _read_scores)
