"""What became of users' bets: record, money, streaks and favourites, by day, by ISO week and ever.

Users, teams and groups are numbers from 0 until the end: text is compared once, not in every step.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from trc_pipelines.betting.rules.streaks import (
    INSTANT,
    Array,
    Ints,
    differs_from_last,
    find_streaks,
    microseconds,
    order_bets,
)

PERIODS = ("all_time", "day", "week")  # in text order, as the rows are
MICROSECONDS_PER_DAY = 86_400_000_000
DAYS_PER_USER = 2**32  # more days since 1970 than will ever be


def summarise_bets(bets: pd.DataFrame, balances: pd.DataFrame) -> pd.DataFrame:
    """Summarise, in one row per user and period, bets of their own or others' bets on their picks.

    A bet belongs to the UTC day and the ISO week in which it was settled. The order of the input
    does not matter.

    Args:
        bets: settled bets: bet_id (unique), user_id, author_id (whose pick was tailed or faded,
            or NULL), status (won, lost, push, cancelled), stake, payout, net (payout - stake) in
            cents, is_tail, is_fade, team (or NULL), created_at, settled_at.
        balances: entries of the bankroll ledger: user_id, effective_at, balance_after in cents.
            They say how high and low a balance was, but make no row.

    Returns:
        In order of user_id, period, period_start (first day, NaT for all_time), money in cents:

        * bets, won, lost, push, cancelled: how many.
        * win_rate: won of those won or lost.
        * wagered, returned: without cancelled bets, which were never at risk.
        * average_stake: of these, rounded down.
        * net, and roi: net of wagered.
        * biggest_win, biggest_loss: their net.
        * current_streak (wins > 0, losses < 0), best_win_streak, worst_loss_streak: consecutive
          bets of the period, in order of settlement. Push and cancelled neither add nor break.
        * perfect_days: days with a win and without a loss.
        * favourite_team: of most bets not cancelled, the first in text order among equals.
        * tail_net, fade_net: of own tails and fades. others_net: of others' bets on own picks.
        * balance_high, balance_low: after any entry effective in the period.
        * last_bet_at, last_settled_at: of own bets.

        Without anything to divide by or choose from, the value is NULL.
    """
    people = pd.concat([bets["user_id"], bets["author_id"]]).astype("str")
    codes, user_ids = pd.factorize(people, sort=True)
    user, author = np.split(codes, 2)
    team, teams = pd.factorize(bets["team"].astype("str"), sort=True)
    settled, created = microseconds(bets["settled_at"]), microseconds(bets["created_at"])
    order = order_bets(user, settled, created, bets["bet_id"])
    columns = {
        "user": user,
        "author": author,
        "team": team,
        "settled": settled,
        "created": created,
        "day": settled // MICROSECONDS_PER_DAY,
    }
    columns |= {name: bets[name].to_numpy(dtype="int64") for name in ("stake", "payout", "net")}
    columns |= {name: bets[name].to_numpy(dtype=bool) for name in ("is_tail", "is_fade")}
    for status in ("won", "lost", "push", "cancelled"):
        columns[status] = (bets["status"] == status).to_numpy(dtype=bool)
    bet = {name: values[order] for name, values in columns.items()}
    bet["opens_perfect_day"] = _opens_perfect_day(bet)
    entry = {
        "user": user_ids.get_indexer(balances["user_id"].astype("str")),
        "day": microseconds(balances["effective_at"]) // MICROSECONDS_PER_DAY,
        "balance": balances["balance_after"].to_numpy(dtype="int64"),
    }

    summary = pd.concat(
        [_summarise_period(period, bet, entry, teams) for period in PERIODS], ignore_index=True
    ).sort_values("user_id", kind="stable", ignore_index=True)
    summary["user_id"] = user_ids.take(summary["user_id"].to_numpy())
    return summary


def _opens_perfect_day(bet: dict[str, Array]) -> npt.NDArray[np.bool_]:
    """Whether a bet is its user's first of a day with a win and without a loss."""
    is_first = differs_from_last(bet["user"], bet["day"])
    day = is_first.cumsum() - 1
    won, lost = (_total(day, bet[status], is_first.sum()) for status in ("won", "lost"))
    opens: npt.NDArray[np.bool_] = is_first & ((won > 0) & (lost == 0))[day]
    return opens


def _summarise_period(
    period: str, bet: dict[str, Array], entry: dict[str, Array], teams: pd.Index
) -> pd.DataFrame:
    """The rows of one period in order, user_id still a number."""
    start = _period_start(period, bet["day"])
    on_others = (bet["author"] >= 0) & (bet["author"] != bet["user"])
    own_keys = bet["user"] * DAYS_PER_USER + start
    authors_keys = (bet["author"] * DAYS_PER_USER + start)[on_others]
    keys, rows = np.unique(np.concatenate([own_keys, authors_keys]), return_inverse=True)
    row, authors_row = np.split(rows, [len(own_keys)])
    size = len(keys)

    entry_keys = entry["user"] * DAYS_PER_USER + _period_start(period, entry["day"])
    entry_row = pd.Index(keys).get_indexer(entry_keys)  # -1 without a bet in the period

    won, lost, counted, net = bet["won"], bet["lost"], ~bet["cancelled"], bet["net"]
    wins, losses, stakes = (_total(row, flag, size) for flag in (won, lost, counted))
    wagered = _total(row[counted], bet["stake"][counted], size)
    net_total = _total(row, net, size)
    decided = won | lost
    current, best, worst = find_streaks(row[decided], won[decided], size)
    has_team = counted & (bet["team"] >= 0)
    users, starts = np.divmod(keys, DAYS_PER_USER)
    return pd.DataFrame(
        {
            "user_id": users,
            "period": pd.array([period], dtype="str").repeat(size),
            "period_start": np.where(
                period == "all_time", np.datetime64("NaT"), starts.astype("datetime64[D]")
            ).astype("datetime64[s]"),
            "bets": np.bincount(row, minlength=size),
            "won": wins,
            "lost": losses,
            "push": _total(row, bet["push"], size),
            "cancelled": _total(row, bet["cancelled"], size),
            "win_rate": _ratio(wins, wins + losses),
            "wagered": wagered,
            "returned": _total(row[counted], bet["payout"][counted], size),
            "net": net_total,
            "roi": _ratio(net_total, wagered),
            "biggest_win": _extreme("max", row[won], net[won], size),
            "biggest_loss": _extreme("min", row[lost], net[lost], size),
            "current_streak": current,
            "best_win_streak": best,
            "worst_loss_streak": worst,
            "perfect_days": _total(row, bet["opens_perfect_day"], size),
            "favourite_team": teams.array.take(
                _most_frequent(row[has_team], bet["team"][has_team], size), allow_fill=True
            ),
            "tail_net": _total(row, net * bet["is_tail"], size),
            "fade_net": _total(row, net * bet["is_fade"], size),
            "others_net": _total(authors_row, net[on_others], size),
            "balance_high": _extreme("max", entry_row, entry["balance"], size),
            "balance_low": _extreme("min", entry_row, entry["balance"], size),
            "average_stake": pd.Series(wagered // np.maximum(stakes, 1), dtype="Int64").where(
                stakes > 0
            ),
            "last_bet_at": _extreme("max", row, bet["created"], size, INSTANT),
            "last_settled_at": _extreme("max", row, bet["settled"], size, INSTANT),
        }
    )


def _period_start(period: str, day: Ints) -> Ints:
    """First day of the period that holds the day, in days since 1970, 0 for all_time."""
    if period == "all_time":
        return np.zeros_like(day)
    # 1970-01-01 was a Thursday, three days after a Monday.
    return day - (day + 3) % 7 if period == "week" else day


def _total(row: Ints, values: Array, size: int) -> Ints:
    """Sum of the values of each row, 0 where there are none."""
    total = np.zeros(size, dtype="int64")
    np.add.at(total, row, values.astype("int64"))
    return total


def _extreme(how: str, row: Ints, values: Ints, size: int, dtype: str = "Int64") -> pd.Series:
    """Largest (max) or smallest (min) value of each row, NULL where there are none.

    Values of row -1 are left out.
    """
    return pd.Series(values, dtype=dtype).groupby(row).agg(how).reindex(range(size))


def _ratio(part: Ints, base: Ints) -> npt.NDArray[np.float64]:
    """Part by base, NULL where the base is 0."""
    ratio: npt.NDArray[np.float64] = part / np.where(base > 0, base, np.nan)
    return ratio


def _most_frequent(row: Ints, team: Ints, size: int) -> Ints:
    """The team most often in each row, the smallest among equals, -1 where there are none."""
    teams = team.max(initial=0) + 1
    pairs, count = np.unique(row * teams + team, return_counts=True)
    row, team = np.divmod(pairs, teams)
    # One number that is larger with a larger count, and among equals with a smaller team.
    best = np.full(size, -1, dtype="int64")
    np.maximum.at(best, row, count * teams + (teams - 1 - team))
    return np.where(best < 0, -1, teams - 1 - best % teams)
