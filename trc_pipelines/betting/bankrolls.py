"""Bankrolls: what results and weekly resets do to a balance. Money in whole cents.

Placing a bet does not move a balance, settling it does, by its net. A balance never goes below 0:
where a loss exceeds what is left (after a reset, say), an entry writes off the rest, so that the sum
of a user's entries is always the balance.
"""

import pandas as pd

WEEKLY_DEPOSIT = 100_000
REFERRAL_BONUS = 10_000


def post_results(results: pd.DataFrame) -> pd.DataFrame:
    """Ledger entries of bets that were settled together.

    Args:
        results: bet_id (unique), user_id, net, balance (the user's, before any of them).

    Returns:
        One row per bet and per user whose losses exceed the balance: user_id, kind (bet_settled or
        write_off), amount, balance_after, bet_id (NULL for a write-off), in the order of posting.
        A user's write-off comes first, then wins, then losses, so no balance is below 0 in between.
    """
    users = results.groupby("user_id", as_index=False).agg(
        net=("net", "sum"), balance=("balance", "first")
    )
    missing = -(users["balance"] + users["net"])
    write_offs = users.assign(kind="write_off", amount=missing, rank=0)[missing > 0]
    bets = results.assign(kind="bet_settled", amount=results["net"], rank=1)
    entries = pd.concat([write_offs.assign(bet_id=None), bets], ignore_index=True)
    entries = entries.astype({"bet_id": "str", "amount": "int64", "balance": "int64"}).sort_values(
        ["user_id", "rank", "amount", "bet_id"],
        ascending=[True, True, False, True],
        ignore_index=True,
    )
    entries["balance_after"] = entries["balance"] + entries.groupby("user_id")["amount"].cumsum()
    return entries[["user_id", "kind", "amount", "balance_after", "bet_id"]]


def close_week(accounts: pd.DataFrame) -> pd.DataFrame:
    """How every account closes its week, and with what it begins the next.

    The balance is taken as of the boundary: what settled since is kept on top of the new target.

    Args:
        accounts: user_id, balance (now), since (what moved it since the boundary), net (what
            settled bets moved it by in the week), wagered, referral_count.

    Returns:
        The same rows with opening, closing, roi (net by wagered, NULL when nothing was),
        weekly_deposit, referral_bonus, amount (of the reset), write_off (what a balance below 0
        lacks) and balance_after.
    """
    closing = accounts["balance"] - accounts["since"]
    bonus = REFERRAL_BONUS * accounts["referral_count"]
    amount = WEEKLY_DEPOSIT + bonus - closing
    write_off = (-(accounts["balance"] + amount)).clip(lower=0)
    wagered = accounts["wagered"].astype("float64")
    return accounts.assign(
        opening=closing - accounts["net"],
        closing=closing,
        roi=(accounts["net"] / wagered.where(wagered > 0)).astype("float64"),
        weekly_deposit=WEEKLY_DEPOSIT,
        referral_bonus=bonus,
        amount=amount,
        write_off=write_off,
        balance_after=accounts["balance"] + amount + write_off,
    )
