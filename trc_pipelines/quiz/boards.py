"""What the shared boards code needs to know of the quiz's boards, and how one is ranked."""

from datetime import UTC, date, datetime, time
from typing import cast

import pandas as pd

from trc_pipelines.calendar import Period
from trc_pipelines.database.connection import Transaction
from trc_pipelines.leaderboards.cache import CachedBoards
from trc_pipelines.leaderboards.closing import PeriodicBoards
from trc_pipelines.leaderboards.ranking import rank_boards
from trc_pipelines.settings import Settings

DOMAIN = "quiz"


def rank_players(board: str, scores: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A board in order of rank, and what of it is not as it stood.

    Args:
        scores: every player: member_id, score, reached_at, and the row that stands for them:
            standing_rank, standing_score, standing_reached_at (NULL: none).

    Returns:
        The ranked players as `rank_boards` gives them, and the rows that changed: user_id, rank,
        score, reached_at. Players without XP are on the board, with no rank.
    """
    scores = scores.assign(board=board)
    has_xp = scores["score"] > 0
    ranked = rank_boards(scores[has_xp])
    unranked = scores[~has_xp]
    unranked = unranked.assign(rank=pd.Series(pd.NA, unranked.index, dtype="Int64"))
    everyone = pd.concat(
        [part.astype({"rank": "Int64", "standing_rank": "Int64"}) for part in (ranked, unranked)]
    )
    is_as_it_was = (
        everyone["standing_score"].notna()
        & _same(everyone["rank"], everyone["standing_rank"])
        & _same(everyone["score"], everyone["standing_score"])
        & _same(everyone["reached_at"], everyone["standing_reached_at"])
    )
    changed = everyone.loc[~is_as_it_was, ["member_id", "rank", "score", "reached_at"]]
    return ranked, changed.rename(columns={"member_id": "user_id"})


def _same(left: pd.Series, right: pd.Series) -> pd.Series:
    return (left == right).fillna(False) | (left.isna() & right.isna())


def _first_day(transaction: Transaction, _settings: Settings) -> date | None:
    return cast("date | None", transaction.read_value("quiz/select_first_day"))


def _settled_until(transaction: Transaction, _settings: Settings) -> datetime | None:
    # The app writes XP as it is earned; only who is about to commit has still something to say.
    return cast("datetime | None", transaction.read_value("quiz/select_settled_until"))


def _read_scores(transaction: Transaction, period: Period) -> pd.DataFrame:
    # What is counted is kept for a while: by it the archive is checked, and late XP told from missed.
    start = datetime.combine(period.start, time(), UTC)
    transaction.execute(
        "quiz/insert_counted_xp",
        board=period.board,
        period_start=period.start,
        begins_at=start,
        ends_at=period.ends_at,
    )
    return transaction.read(
        "quiz/select_period_scores", board=period.board, period_start=period.start
    )


def _read_rows(transaction: Transaction, board: str) -> pd.DataFrame:
    return transaction.read("quiz/select_board_rows", board=board)


CACHED_BOARDS = CachedBoards(DOMAIN, _read_rows)
BOARDS = PeriodicBoards(DOMAIN, _first_day, _settled_until, _read_scores)
