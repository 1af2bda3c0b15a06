"""Bankrolls: what results, corrections and weekly resets do to a balance. Money in whole cents.

Placing a bet does not move a balance, settling it does, by its net. A balance never goes below 0:
where a loss exceeds what is left (after a reset, say), an entry writes off the rest, so that the sum
of a user's entries is always the balance. What is written off follows from what an account started
its week with and from what moved it since, in the order in which that counts: when an earlier entry
changes, or the week turns out to have begun with another balance, write-offs are added or reversed.
"""

from datetime import date, datetime, timedelta

import pandas as pd

from trc_pipelines.calendar import WEEK

WEEKLY_DEPOSIT = 100_000
REFERRAL_BONUS = 10_000
WRITE_OFFS = ("write_off", "write_off_reversal")
ADJUSTMENTS = ("promotion", "deposit", "correction")


def order_entries(entries: pd.DataFrame) -> pd.DataFrame:
    """Put entries in the order of posting, with balance_after: by user, what adds before what takes.

    No balance is below 0 in between, if none is at the end.

    Args:
        entries: user_id, kind, amount, bet_id (or NULL), balance (the user's, before any of them).
    """
    ordered = entries.astype({"bet_id": "str", "amount": "int64", "balance": "int64"}).sort_values(
        ["user_id", "amount", "kind", "bet_id"],
        ascending=[True, False, False, True],
        ignore_index=True,
    )
    moved = ordered.groupby("user_id")["amount"].cumsum()
    return ordered.assign(balance_after=ordered["balance"] + moved)


def find_missing_write_offs(movements: pd.DataFrame, starts: pd.Series) -> pd.Series:
    """Find what the write-offs of accounts lack (above 0), or have too much of (below 0).

    Movements count by posting: what one run posted of a game counts at once, as it was written
    off. A correction counts in the place of what it corrects.

    Args:
        movements: entry_id, user_id, kind, amount, run_id, game_id, chain_id (the first entry of a
            bet that was corrected, of all others their own).
        starts: balance before all of them, by user.

    Returns:
        Cents by user, in the order of `starts`.
    """
    is_write_off = movements["kind"].isin(WRITE_OFFS)
    written = movements[is_write_off].groupby("user_id")["amount"].sum()
    moves = movements[~is_write_off].sort_values("entry_id")
    posting = moves.groupby(["run_id", "game_id"], dropna=False, sort=False).ngroup()
    chain = moves.assign(posting=posting).groupby("chain_id")
    moves = moves.assign(
        posting=chain["posting"].transform("first"), place=chain["entry_id"].transform("first")
    )
    steps = (
        moves.groupby(["user_id", "posting"], as_index=False)
        .agg(net=("amount", "sum"), place=("place", "min"))
        .sort_values(["user_id", "place"])
    )
    begun_with = steps["user_id"].map(starts).astype("int64")
    balances = begun_with + steps.groupby("user_id")["net"].cumsum()
    lowest = balances.groupby(steps["user_id"]).min()
    due = (-lowest).clip(lower=0).reindex(starts.index, fill_value=0)
    return (due - written.reindex(starts.index, fill_value=0)).astype("int64")


def close_week(accounts: pd.DataFrame, movements: pd.DataFrame, boundary: datetime) -> pd.DataFrame:
    """Find how every account closes its week, and with what it begins the next.

    The balance is taken as of the boundary. What moved it since is kept on top of the new target,
    and written off only as far as that cannot pay it, whatever the old balance could.

    Args:
        accounts: user_id (unique), balance (now), wagered (in the week), referral_count.
        movements: of these accounts since their last reset, as for `find_missing_write_offs`, and
            effective_at, without openings, resets and restorations.
        boundary: when the week ends.

    Returns:
        The accounts with opening, closing, net (of bets, write-offs included), adjustments, roi
        (net by wagered, NULL when nothing was), weekly_deposit, referral_bonus, amount (of the
        reset), write_off and since_write_off (what those of the week that ends, and of what came
        since, lack) and balance_after.
    """
    users = pd.Index(accounts["user_id"])

    def moved(chosen: pd.DataFrame) -> pd.Series:
        amounts = chosen.groupby("user_id")["amount"].sum()
        return amounts.reindex(users, fill_value=0).astype("int64")

    is_since = movements["effective_at"] >= boundary
    before, since = movements[~is_since], movements[is_since]
    week = before[before["effective_at"] >= boundary - WEEK]
    is_adjustment = week["kind"].isin(ADJUSTMENTS)
    table = accounts.set_index("user_id", drop=False)
    bonus = REFERRAL_BONUS * table["referral_count"].astype("int64")
    target = WEEKLY_DEPOSIT + bonus
    start = table["balance"].astype("int64") - moved(movements)
    write_off = find_missing_write_offs(before, start)
    since_write_off = find_missing_write_offs(since, target)
    closing = start + moved(before) + write_off
    net = moved(week[~is_adjustment]) + write_off
    adjustments = moved(week[is_adjustment])
    wagered = table["wagered"].astype("float64")
    closed = table.assign(
        opening=closing - net - adjustments,
        closing=closing,
        net=net,
        adjustments=adjustments,
        roi=(net / wagered.where(wagered > 0)).astype("float64"),
        weekly_deposit=WEEKLY_DEPOSIT,
        referral_bonus=bonus,
        amount=target - closing,
        write_off=write_off,
        since_write_off=since_write_off,
        balance_after=target + moved(since) + since_write_off,
    )
    return closed.set_axis(accounts.index)


def reset_entries(closed: pd.DataFrame, week: date) -> pd.DataFrame:
    """Make the ledger entries of a reset: for the week that ends, the reset itself, and what came since.

    Args:
        closed: accounts as from `close_week`.
        week: Monday of the week that begins.

    Returns:
        The resets, and what write-offs before and after them lack, in the order of posting, with
        balance_after, week_start and effective_at.
    """
    boundary = pd.Timestamp(week, tz="UTC")
    by_user = closed.set_index("user_id")
    entries = pd.concat(
        [
            write_off_entries(by_user["write_off"]).assign(
                week_start=pd.Timestamp(week - WEEK), effective_at=boundary - timedelta.resolution
            ),
            closed[["user_id", "amount"]].assign(
                kind="weekly_reset", week_start=pd.Timestamp(week), effective_at=boundary
            ),
            write_off_entries(by_user["since_write_off"]).assign(
                week_start=pd.Timestamp(week), effective_at=boundary
            ),
        ],
        ignore_index=True,
    )
    return order_entries(entries.assign(balance=entries["user_id"].map(by_user["balance"])))


def correct_results(
    corrections: pd.DataFrame, movements: pd.DataFrame, balances: pd.Series
) -> pd.DataFrame:
    """Make the ledger entries that put right results in the place of wrong ones.

    Args:
        corrections: user_id, kind (reversal, bet_settled), amount, bet_id, chain_id, run_id,
            game_id: what is to be posted.
        movements: of these users since their last reset, as for `find_missing_write_offs`.
        balances: of these users now, by user.

    Returns:
        The corrections, and what that changes of the users' write-offs, in the order of posting,
        with balance_after.
    """
    posted = movements.groupby("user_id")["amount"].sum().reindex(balances.index, fill_value=0)
    last = int(movements["entry_id"].max()) if len(movements) else 0
    new = corrections.assign(entry_id=range(last + 1, last + 1 + len(corrections)))
    missing = find_missing_write_offs(
        pd.concat([movements, new], ignore_index=True), balances - posted
    )
    write_offs = write_off_entries(missing)
    entries = pd.concat([corrections, write_offs], ignore_index=True)
    return order_entries(entries.assign(balance=entries["user_id"].map(balances)))


def restore_accounts(accounts: pd.DataFrame, movements: pd.DataFrame) -> pd.DataFrame:
    """Make the entries that bring an account changed around the ledger to what is due.

    What was posted on a wrong balance wrote off too much or too little, which is mended as well.

    Args:
        accounts: user_id (unique), ledger_sum, due (write-offs apart).
        movements: of these accounts since their last reset, as for `find_missing_write_offs`.

    Returns:
        One restoration per account (0 unless a reset came on the wrong balance), and write-offs, in
        the order of posting, with balance_after.
    """
    by_user = accounts.set_index("user_id")
    posted = movements.groupby("user_id")["amount"].sum().reindex(by_user.index, fill_value=0)
    write_offs = write_off_entries(find_missing_write_offs(movements, by_user["due"] - posted))
    restorations = accounts[["user_id"]].assign(
        kind="restoration", amount=accounts["due"] - accounts["ledger_sum"], bet_id=None
    )
    entries = pd.concat([write_offs, restorations], ignore_index=True)
    return order_entries(entries.assign(balance=entries["user_id"].map(by_user["ledger_sum"])))


def write_off_entries(missing: pd.Series) -> pd.DataFrame:
    """Make the entries that mend write-offs: user_id, kind, amount, bet_id (NULL).

    Args:
        missing: what they lack (above 0) or have too much of, by user.
    """
    wrong = missing[missing != 0]
    kinds = pd.Series("write_off", wrong.index, dtype="str").mask(wrong < 0, "write_off_reversal")
    return pd.DataFrame(
        {
            "user_id": wrong.index.astype("str"),
            "kind": kinds.to_numpy(),
            "amount": wrong.to_numpy(dtype="int64"),
            "bet_id": pd.Series(None, range(len(wrong)), dtype="str").to_numpy(),
        }
    )
