"""American odds: what a won bet earns, in whole cents, rounded down."""

import numpy as np
import pandas as pd

LARGEST = int(np.iinfo("int64").max)
EVEN = 100
LONGEST = LARGEST // EVEN


def profit_at_odds(stakes: pd.Series, odds: pd.Series) -> pd.Series:
    """Compute the profit in cents of a won bet: what it earns on top of its stake.

    Odds of +250 earn 250 for each 100 staked, odds of -300 earn 100 for each 300.

    Args:
        stakes: cents (Int64), on the same index as `odds`.
        odds: American odds (Int64).

    Returns:
        Int64. NULL where the stake is NULL or negative, where the odds are NULL, between -99 and
        99, or beyond ±`LONGEST`, and where the profit does not fit a 64-bit integer.
    """
    stakes = stakes.astype("Int64")
    odds = odds.astype("Int64")
    stakes = stakes.where(stakes >= 0)
    odds = odds.where(odds.between(EVEN, LONGEST) | odds.between(-LONGEST, -EVEN))
    earned = odds.clip(lower=EVEN)
    staked = (-odds).clip(lower=EVEN)
    # stake * earned may not fit where stake * earned // staked does, so the whole multiples are
    # apart from the rest, which is less than `staked` and cannot overflow.
    multiples, rest = stakes // staked, stakes % staked
    profit_of_rest = rest * earned // staked
    fits = multiples <= (LARGEST - profit_of_rest) // earned
    return (multiples * earned + profit_of_rest).where(fits)
