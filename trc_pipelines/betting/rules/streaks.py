"""Bets in order, and the runs of wins and losses they make. Users are numbers from 0 here."""

from typing import Any, Final, NamedTuple

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


class Streaks(NamedTuple):
    """The runs of each row, 0 where nothing was decided.

    Attributes:
        first: the run it begins with (wins > 0, losses < 0).
        current: the run it ends with.
        best: its longest of wins.
        worst: its longest of losses.
    """

    first: Ints
    current: Ints
    best: Ints
    worst: Ints


def find_streaks(row: Ints, won: npt.NDArray[np.bool_], size: int) -> Streaks:
    """Find the runs of wins and of losses in each row.

    Args:
        row: which row each bet belongs to, from 0 and in order.
        won: whether it was won or lost, in order of settlement within a row.
        size: how many rows there are.
    """
    begins = np.flatnonzero(differs_from_last(row, won))
    length = np.diff(begins, append=len(row))
    row, won = row[begins], won[begins]
    first, current, best, worst = np.zeros((4, size), dtype="int64")
    signed = np.where(won, length, -length)
    current[row] = signed  # of several runs of a row the last one stays
    first[row[::-1]] = signed[::-1]
    np.maximum.at(best, row[won], length[won])
    np.maximum.at(worst, row[~won], length[~won])
    return Streaks(first, current, best, worst)


def join_streaks(earlier: Streaks, decided: Ints, later: Streaks, then_decided: Ints) -> Streaks:
    """Find the runs of rows that are joined, each with the one that follows it.

    Args:
        decided: how many bets of each earlier row were won or lost.
        then_decided: how many of each later row.
    """
    goes_on = np.sign(earlier.current) * np.sign(later.first) > 0
    joined = np.where(goes_on, earlier.current + later.first, 0)
    is_one_run = goes_on & (np.abs(earlier.first) == decided)
    then_is_one_run = goes_on & (np.abs(later.first) == then_decided)
    return Streaks(
        first=np.where(decided == 0, later.first, np.where(is_one_run, joined, earlier.first)),
        current=np.where(
            then_decided == 0, earlier.current, np.where(then_is_one_run, joined, later.current)
        ),
        best=np.maximum.reduce([earlier.best, later.best, joined]),
        worst=np.maximum.reduce([earlier.worst, later.worst, -joined]),
    )
