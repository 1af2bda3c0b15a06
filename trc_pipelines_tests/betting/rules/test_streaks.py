"""Runs of wins and losses, found in one go and joined from two."""

from itertools import product

import numpy as np

from trc_pipelines.betting.rules.streaks import Streaks, find_streaks, join_streaks

# Every history of up to three decided bets.
HISTORIES = [list(won) for n in range(4) for won in product([True, False], repeat=n)]


def find(histories: list[list[bool]]) -> Streaks:
    """The runs of each history, a row each."""
    row = np.repeat(np.arange(len(histories)), [len(won) for won in histories])
    won = np.array([one for history in histories for one in history], dtype=bool)
    return find_streaks(row, won, len(histories))


def test_runs_of_two_stretches_joined_are_those_of_both_at_once() -> None:
    earlier, later = zip(*product(HISTORIES, HISTORIES), strict=True)
    decided, then_decided = (np.array([len(won) for won in side]) for side in (earlier, later))
    joined = join_streaks(find(list(earlier)), decided, find(list(later)), then_decided)
    at_once = find([[*first, *then] for first, then in zip(earlier, later, strict=True)])
    for one, other in zip(joined, at_once, strict=True):
        np.testing.assert_array_equal(one, other)


def test_runs_are_counted_by_hand() -> None:
    runs = find([[True, True, False], [False, False, True, False], []])
    assert [values.tolist() for values in runs] == [[2, -2, 0], [-1, -1, 0], [2, 1, 0], [1, 2, 0]]
