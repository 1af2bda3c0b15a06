"""Ranking: a total, stable order, the same however the input is shuffled."""

import numpy as np
import numpy.typing as npt
import pandas as pd


def rank_boards(scores: pd.DataFrame) -> pd.DataFrame:
    """Rank every board.

    Order: score descending, then the latest point-earning time first, then the id.

    Args:
        scores: board, member_id (unique within a board), score, reached_at (NULL: never earned).

    Returns:
        The same rows in order of board and rank, with `rank` from 1, unique within a board.
    """
    board = scores["board"].astype("category").cat.codes.to_numpy()
    score = scores["score"].to_numpy(dtype="int64")
    # NaT is the smallest int64, so who never earned comes last among equals.
    reached = scores["reached_at"].dt.as_unit("us").dt.tz_localize(None).to_numpy().view("int64")
    keys = pd.DataFrame({"board": board, "score": score, "reached": reached})
    tied = keys.duplicated(keep=False).to_numpy()
    # Ids are compared only where everything else is equal: comparing text is the costly part.
    tie_break = np.zeros(len(scores), dtype="int64")
    tie_break[tied] = scores["member_id"][tied].rank(method="dense").to_numpy(dtype="int64")
    order = np.lexsort((tie_break, ~reached, ~score, board))
    ranked = scores.iloc[order].reset_index(drop=True)
    ranked.insert(0, "rank", _positions(board[order]))
    return ranked


def _positions(groups: npt.NDArray[np.integer]) -> npt.NDArray[np.int32]:
    """1, 2, 3 … within each run of equal values."""
    _, starts, lengths = np.unique(groups, return_index=True, return_counts=True)
    first = np.repeat(starts, lengths)
    position: npt.NDArray[np.int32] = (np.arange(1, len(groups) + 1) - first).astype("int32")
    return position
