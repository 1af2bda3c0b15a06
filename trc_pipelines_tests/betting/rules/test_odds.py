"""Profit at American odds: whole cents, rounded down, and never a number that overflowed."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trc_pipelines.betting.rules.odds import profit_at_odds

LARGEST = 2**63 - 1
LONGEST = LARGEST // 100

whole_numbers = st.integers(-(2**63), LARGEST)
stakes = st.none() | st.integers(-5, 100_000) | whole_numbers
odds = st.none() | st.integers(-1_000, 1_000) | st.integers(-(10**7), 10**7) | whole_numbers


def profits(rows: list[tuple[int | None, int | None]]) -> list[int | None]:
    """Rows of (stake, odds)."""
    stake, odds = (pd.Series([row[i] for row in rows], dtype="Int64") for i in (0, 1))
    profit = profit_at_odds(stake, odds)
    assert profit.dtype == "Int64"
    return [None if pd.isna(value) else int(value) for value in profit]


def profit_of_one(stake: int | None, odds: int | None) -> int | None:
    """The rule in Python integers, which have no end."""
    if stake is None or odds is None or stake < 0 or not 100 <= abs(odds) <= LONGEST:
        return None
    profit = stake * odds // 100 if odds > 0 else stake * 100 // -odds
    return profit if profit <= LARGEST else None


@pytest.mark.parametrize(
    ("stake", "odds", "profit"),
    [
        (600, -300, 200),
        (10_000, -110, 9_090),
        (10_000, 250, 25_000),
        (1, 150, 1),
        (1, -101, 0),
        (0, 150, 0),
        (12_345, 100, 12_345),
        (12_345, -100, 12_345),
        (12_345, 99, None),
        (12_345, -99, None),
        (12_345, 0, None),
        (-1, 150, None),
        (None, 150, None),
        (100, None, None),
        (None, None, None),
    ],
)
def test_profit_is_in_whole_cents_rounded_down(
    stake: int | None, odds: int | None, profit: int | None
) -> None:
    assert profits([(stake, odds)]) == [profit]


@pytest.mark.parametrize(
    ("stake", "odds", "profit"),
    [
        (LARGEST, 100, LARGEST),
        (LARGEST, -100, LARGEST),
        (LARGEST, 101, None),
        (LARGEST, -101, LARGEST * 100 // 101),
        (LARGEST // 2, 200, LARGEST - 1),
        (LARGEST // 2 + 1, 200, None),
        (100, LONGEST, LONGEST),
        (99, LONGEST, 99 * LONGEST // 100),
        (1, LONGEST + 1, None),
        (LARGEST, -LONGEST, LARGEST * 100 // LONGEST),
        (LARGEST, -LONGEST - 1, None),
        (1, -(2**63), None),
        (1, LARGEST, None),
    ],
)
def test_a_product_that_overflows_in_between_is_exact_and_a_profit_that_does_is_null(
    stake: int, odds: int, profit: int | None
) -> None:
    assert profits([(stake, odds)]) == [profit]


@given(st.lists(st.tuples(stakes, odds), max_size=20))
def test_profit_is_what_unbounded_integers_say(rows: list[tuple[int | None, int | None]]) -> None:
    assert profits(rows) == [profit_of_one(*row) for row in rows]


def test_profit_keeps_the_index() -> None:
    index = pd.Index([7, 7, 3])
    profit = profit_at_odds(pd.Series([100, 200, 300], index), pd.Series([100, 200, 300], index))
    assert profit.to_dict() == {7: 400, 3: 900}
    assert profit.index.equals(index)
