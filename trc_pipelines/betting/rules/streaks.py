"""Bets in order, and the runs of wins and losses they make. Users are numbers from 0 here."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

Array = npt.NDArray[Any]
Ints = npt.NDArray[np.int64]

INSTANT: Final = "datetime64[us, UTC]"


def microseconds(times: pd.Series) -> Ints:
    """Microseconds since 1970, UTC."""
    return times.astype(INSTANT).to_numpy(dtype="datetime64[us]").view("int64")


def order_bets(user: Ints, settled: Ints, created: Ints, bet_id: pd.Series) -> Ints:
    """Positions of the bets by user, settlement, creation and id."""
    keys = pd.DataFrame({"user": user, "settled": settled, "created": created})
    tied = keys.duplicated(keep=False).to_numpy()
    # Ids are compared only where everything else is equal: comparing text is the costly part.
    tie_break = np.zeros(len(keys), dtype="int64")
    tie_break[tied] = bet_id[tied].rank(method="dense").to_numpy(dtype="int64")
    return np.lexsort((tie_break, created, settled, user))


def differs_from_last(*columns: Array) -> npt.NDArray[np.bool_]:
    """Whether any column changes at a position. The first position counts as a change."""
    differs = np.ones(len(columns[0]), dtype=bool)
    differs[1:] = np.any([column[1:] != column[:-1] for column in columns], axis=0)
    return differs


def find_streaks(row: Ints, won: npt.NDArray[np.bool_], size: int) -> tuple[Ints, Ints, Ints]:
    """Find the runs of wins and of losses in each row.

    Args:
        row: which row each bet belongs to, from 0 and in order.
        won: whether it was won or lost, in order of settlement within a row.
        size: how many rows there are.

    Returns:
        For each row the run it ends with (wins > 0, losses < 0), its longest of wins and its
        longest of losses.
    """
    first = np.flatnonzero(differs_from_last(row, won))
    length = np.diff(first, append=len(row))
    row, won = row[first], won[first]
    current, best, worst = np.zeros((3, size), dtype="int64")
    current[row] = np.where(won, length, -length)  # of several runs of a row the last one stays
    np.maximum.at(best, row[won], length[won])
    np.maximum.at(worst, row[~won], length[~won])
    return current, best, worst
