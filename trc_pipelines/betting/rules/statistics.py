"""What became of users' bets: record, money, streaks and favourites, by day, by ISO week and ever.

What became of them ever is what was before a week, the base, joined with what came since. So weeks
that are over need not be read again.

Users, teams and groups are numbers from 0 until the end: text is compared once, not in every step.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from trc_pipelines.betting.rules.streaks import (
    Array,
    Ints,
    Streaks,
    differs_from_last,
    find_streaks,
    join_streaks,
    microseconds,
    order_bets,
)

EPOCH = date(1970, 1, 1)
MICROSECONDS_PER_DAY = 86_400_000_000
DAYS_PER_USER = 2**32  # more days since 1970 than will ever be

# What two stretches of time have together: the sum, the runs that are joined at the seam, the
# larger, the smaller. Everything else a row says is made of these and of the bets on each team.
SUMS = (
    "bets", "won", "lost", "push", "cancelled", "wagered", "returned", "net", "perfect_days",
    "tail_net", "fade_net", "others_bets", "others_net",
)  # fmt: skip
RUNS = ("first_streak", "current_streak", "best_win_streak", "worst_loss_streak")
HIGHEST = ("biggest_win", "balance_high", "last_bet_at", "last_settled_at")
LOWEST = ("biggest_loss", "balance_low")
MOMENTS = ("last_bet_at", "last_settled_at")
TOTALS = (*SUMS, *RUNS, *HIGHEST, *LOWEST)
# What stands for none: the highest of nothing, the lowest of nothing.
NO_HIGHEST, NO_LOWEST = np.iinfo("int64").min, np.iinfo("int64").max
DESCRIBED = (
    "user_id", "period", "period_start", "bets", "won", "lost", "push", "cancelled", "win_rate", "wagered",
    "returned", "net", "roi", "biggest_win", "biggest_loss", "current_streak", "best_win_streak",
    "worst_loss_streak", "perfect_days", "favourite_team", "tail_net", "fade_net", "others_net",
    "balance_high", "balance_low", "average_stake", "last_bet_at", "last_settled_at",
)  # fmt: skip


@dataclass(frozen=True)
class Bases:
    """What became of everything before a Monday.

    Attributes:
        totals: a row per user: user_id and the columns of TOTALS. Who had no bet in it, and made no
            pick that others bet on, has none.
        teams: how many bets not cancelled (bets) a user (user_id) made on a team (team).
    """

    totals: pd.DataFrame
    teams: pd.DataFrame


NO_BASES = Bases(
    pd.DataFrame({"user_id": [], **{name: [] for name in TOTALS}}),
    pd.DataFrame({"user_id": [], "team": [], "bets": []}),
)


# The columns of TOTALS, a value for each row.
Totals = dict[str, Ints]


class Days(NamedTuple):
    """What happened: own bets, others' bets and balances, each with user, day and more in columns."""

    bets: dict[str, Array]
    others: dict[str, Array]
    balances: dict[str, Array]

    def where(self, is_chosen: Callable[[Ints], npt.NDArray[np.bool_]]) -> "Days":
        """Only some days."""
        return Days(*(_those(columns, is_chosen(columns["day"])) for columns in self))


class Teams(NamedTuple):
    """How many bets (bets) each row (row) has on a team (team), numbers all."""

    row: Ints
    team: Ints
    bets: Ints


def summarise_bets(
    bets: pd.DataFrame,
    others: pd.DataFrame,
    balances: pd.DataFrame,
    bases: Bases,
    week_start: date,
) -> tuple[pd.DataFrame, Bases]:
    """Summarise, in one row per user and period, own bets and others' bets on own picks.

    A bet belongs to the UTC day and the ISO week in which it was settled. The order of the input
    does not matter.

    Args:
        bets: settled bets: bet_id (unique), user_id, status (won, lost, push, cancelled), stake,
            payout, net (payout - stake) in cents, is_tail, is_fade, team (or NULL), created_at,
            settled_at.
        others: settled bets of others who tailed or faded a pick: user_id (whose pick), net,
            settled_at.
        balances: entries of the bankroll ledger: user_id, effective_at, balance_after in cents.
            They say how high and low a balance was, but make no row.
        bases: of users of whom the three have only what came since a Monday, not after
            `week_start`: what was before it.
        week_start: Monday up to which bases are asked for.

    Returns:
        First, in order of user_id, period, period_start (first day, NaT for all_time), money in
        cents. Days and weeks are those of `bets`, all_time is with what is in the bases:

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

        Second, bases of everything before `week_start`, of all these users.
    """
    people = pd.concat([frame["user_id"] for frame in (bets, others, bases.totals)]).astype("str")
    codes, user_ids = pd.factorize(people, sort=True)
    user, author, based = np.split(codes, [len(bets), len(bets) + len(others)])
    names = pd.concat([bets["team"], bases.teams["team"]]).astype("str")
    team_codes, team_names = pd.factorize(names, sort=True)
    team, based_team = np.split(team_codes, [len(bets)])
    days = Days(
        _order(bets, user, team),
        {
            "user": author,
            "day": _day(others["settled_at"]),
            "net": others["net"].to_numpy(dtype="int64"),
        },
        {
            "user": user_ids.get_indexer(balances["user_id"].astype("str")),
            "day": _day(balances["effective_at"]),
            "balance": balances["balance_after"].to_numpy(dtype="int64"),
        },
    )
    by_day = _summarise_period("day", days, team_names)
    by_week = _summarise_period("week", days, team_names)

    ever = _read_bases(bases, based, len(user_ids))
    teams = Teams(
        user_ids.get_indexer(bases.teams["user_id"].astype("str")),
        based_team,
        bases.teams["bets"].to_numpy(dtype="int64"),
    )
    begins = (week_start - EPOCH).days
    ever, teams = _add_days(ever, teams, days.where(lambda day: day < begins))
    up_to_week = _name_bases(ever, teams, user_ids, team_names)
    ever, teams = _add_days(ever, teams, days.where(lambda day: day >= begins))
    of_all_time = _describe(ever, teams, team_names, "all_time", np.arange(len(user_ids)))
    # In text order of the periods, as the rows are.
    summary = pd.concat([of_all_time[_is_row(ever)], by_day, by_week], ignore_index=True)
    summary = summary.sort_values("user_id", kind="stable", ignore_index=True)
    summary["user_id"] = user_ids.take(summary["user_id"].to_numpy())
    return summary, up_to_week


def _day(times: pd.Series) -> Ints:
    """Days since 1970 of moments, UTC."""
    return microseconds(times) // MICROSECONDS_PER_DAY


def _order(bets: pd.DataFrame, user: Ints, team: Ints) -> dict[str, Array]:
    """Columns of the bets, in order of user and settlement."""
    settled, created = microseconds(bets["settled_at"]), microseconds(bets["created_at"])
    columns: dict[str, Array] = {
        "user": user,
        "team": team,
        "settled": settled,
        "created": created,
        "day": settled // MICROSECONDS_PER_DAY,
    }
    columns |= {name: bets[name].to_numpy(dtype="int64") for name in ("stake", "payout", "net")}
    columns |= {name: bets[name].to_numpy(dtype=bool) for name in ("is_tail", "is_fade")}
    for status in ("won", "lost", "push", "cancelled"):
        columns[status] = (bets["status"] == status).to_numpy(dtype=bool)
    ordered = _those(columns, order_bets(user, settled, created, bets["bet_id"]))
    return ordered | {"opens_perfect_day": _opens_perfect_day(ordered)}


def _opens_perfect_day(bet: dict[str, Array]) -> npt.NDArray[np.bool_]:
    """Whether a bet is its user's first of a day with a win and without a loss."""
    is_first = differs_from_last(bet["user"], bet["day"])
    day = is_first.cumsum() - 1
    won, lost = (_total(day, bet[status], is_first.sum()) for status in ("won", "lost"))
    opens: npt.NDArray[np.bool_] = is_first & ((won > 0) & (lost == 0))[day]
    return opens


def _those(columns: dict[str, Array], chosen: Array) -> dict[str, Array]:
    return {name: values[chosen] for name, values in columns.items()}


def _summarise_period(period: str, days: Days, team_names: pd.Index) -> pd.DataFrame:
    """The rows of days or weeks in order, user_id still a number."""
    own, authors, entries = (
        columns["user"] * DAYS_PER_USER + _period_start(period, columns["day"])
        for columns in (days.bets, days.others, days.balances)
    )
    keys, rows = np.unique(np.concatenate([own, authors]), return_inverse=True)
    row, authors_row = np.split(rows, [len(own)])
    entry_row = pd.Index(keys).get_indexer(entries)  # -1 without a bet in the period
    totals = _add_up(days, row, authors_row, entry_row, len(keys))
    users, starts = np.divmod(keys, DAYS_PER_USER)
    return _describe(totals, _count_teams(days.bets, row), team_names, period, users, starts)


def _period_start(period: str, day: Ints) -> Ints:
    """First day of the period that holds the day, in days since 1970."""
    # 1970-01-01 was a Thursday, three days after a Monday.
    return day - (day + 3) % 7 if period == "week" else day


def _add_days(totals: Totals, teams: Teams, days: Days) -> tuple[Totals, Teams]:
    """Totals and teams of each user, with days that came later."""
    users, size = days.bets["user"], len(totals["bets"])
    later = _add_up(days, users, days.others["user"], days.balances["user"], size)
    return _join(totals, later), _join_teams(teams, _count_teams(days.bets, users))


def _add_up(days: Days, row: Ints, authors_row: Ints, entry_row: Ints, size: int) -> Totals:
    """Totals of each row.

    Args:
        row: which row each bet belongs to; bets of a row are in order of settlement.
        authors_row: which row each bet of others belongs to.
        entry_row: which row each balance belongs to, -1 for none.
    """
    bet, has_row = days.bets, entry_row >= 0
    entry_row, balance = entry_row[has_row], days.balances["balance"][has_row]
    won, lost, counted, net = bet["won"], bet["lost"], ~bet["cancelled"], bet["net"]
    decided = won | lost
    streaks = find_streaks(row[decided], won[decided], size)
    sums = {
        "bets": np.bincount(row, minlength=size),
        **{
            status: _total(row, bet[status], size)
            for status in ("won", "lost", "push", "cancelled")
        },
        "wagered": _total(row[counted], bet["stake"][counted], size),
        "returned": _total(row[counted], bet["payout"][counted], size),
        "net": _total(row, net, size),
        "perfect_days": _total(row, bet["opens_perfect_day"], size),
        "tail_net": _total(row, net * bet["is_tail"], size),
        "fade_net": _total(row, net * bet["is_fade"], size),
        "others_bets": np.bincount(authors_row, minlength=size),
        "others_net": _total(authors_row, days.others["net"], size),
    }
    extremes = {
        "biggest_win": _highest(row[won], net[won], size),
        "balance_high": _highest(entry_row, balance, size),
        "last_bet_at": _highest(row, bet["created"], size),
        "last_settled_at": _highest(row, bet["settled"], size),
        "biggest_loss": _lowest(row[lost], net[lost], size),
        "balance_low": _lowest(entry_row, balance, size),
    }
    return sums | dict(zip(RUNS, streaks, strict=True)) | extremes


def _join(earlier: Totals, later: Totals) -> Totals:
    """Totals of two stretches of days together, row by row."""
    streaks = join_streaks(
        Streaks(*(earlier[name] for name in RUNS)),
        earlier["won"] + earlier["lost"],
        Streaks(*(later[name] for name in RUNS)),
        later["won"] + later["lost"],
    )
    return (
        {name: earlier[name] + later[name] for name in SUMS}
        | dict(zip(RUNS, streaks, strict=True))
        | {name: np.maximum(earlier[name], later[name]) for name in HIGHEST}
        | {name: np.minimum(earlier[name], later[name]) for name in LOWEST}
    )


def _count_teams(bet: dict[str, Array], row: Ints) -> Teams:
    """How many bets not cancelled each row has on each team."""
    has_team = ~bet["cancelled"] & (bet["team"] >= 0)
    team = bet["team"][has_team]
    teams = team.max(initial=0) + 1
    pairs, bets = np.unique(row[has_team] * teams + team, return_counts=True)
    return Teams(*np.divmod(pairs, teams), bets)


def _join_teams(*counts: Teams) -> Teams:
    """Bets on each team together."""
    row, team, bets = (np.concatenate(columns) for columns in zip(*counts, strict=True))
    teams = team.max(initial=0) + 1
    pairs, pair = np.unique(row * teams + team, return_inverse=True)
    return Teams(*np.divmod(pairs, teams), _total(pair, bets, len(pairs)))


def _favourites(teams: Teams, size: int) -> Ints:
    """The team most often in each row, the smallest among equals, -1 where there are none."""
    names = teams.team.max(initial=0) + 1
    # One number that is larger with a larger count, and among equals with a smaller team.
    best = np.full(size, -1, dtype="int64")
    np.maximum.at(best, teams.row, teams.bets * names + (names - 1 - teams.team))
    return np.where(best < 0, -1, names - 1 - best % names)


def _is_row(totals: Totals) -> npt.NDArray[np.bool_]:
    """Whether there was a bet, own or of others: a balance alone makes no row."""
    is_row: npt.NDArray[np.bool_] = (totals["bets"] > 0) | (totals["others_bets"] > 0)
    return is_row


def _read_bases(bases: Bases, row: Ints, size: int) -> Totals:
    """Totals of so many users, of whom those in the bases are the given rows."""
    nothing = dict.fromkeys(HIGHEST, NO_HIGHEST) | dict.fromkeys(LOWEST, NO_LOWEST)
    totals = {name: np.full(size, nothing.get(name, 0)) for name in TOTALS}
    for name, values in totals.items():
        known = bases.totals[name]
        has_value = known.notna().to_numpy()
        known = known[has_value]
        values[row[has_value]] = (
            microseconds(known) if name in MOMENTS else known.to_numpy(dtype="int64")
        )
    return totals


def _name_bases(totals: Totals, teams: Teams, user_ids: pd.Index, team_names: pd.Index) -> Bases:
    """Bases with the names of users and teams."""
    is_row = _is_row(totals)
    named = {"user_id": user_ids[is_row]} | _name_totals(_those(totals, is_row))
    counts = {
        "user_id": user_ids.take(teams.row),
        "team": team_names.take(teams.team),
        "bets": teams.bets,
    }
    return Bases(pd.DataFrame(named), pd.DataFrame(counts))


def _name_totals(totals: Totals) -> dict[str, Any]:
    """Columns in which NULL stands for none."""
    nothing = {"biggest_win": NO_HIGHEST, "balance_high": NO_HIGHEST} | dict.fromkeys(
        LOWEST, NO_LOWEST
    )
    amounts = {
        name: pd.arrays.IntegerArray(totals[name], totals[name] == none)
        for name, none in nothing.items()
    }
    # As a moment, no highest is NaT.
    moments = {
        name: pd.Series(totals[name].view("datetime64[us]")).dt.tz_localize("UTC")
        for name in MOMENTS
    }
    return totals | amounts | moments


def _describe(
    totals: Totals,
    teams: Teams,
    team_names: pd.Index,
    period: str,
    user: Ints,
    start: Ints | None = None,
) -> pd.DataFrame:
    """What rows say, user_id still a number."""
    size, won, lost, wagered = len(user), totals["won"], totals["lost"], totals["wagered"]
    stakes = totals["bets"] - totals["cancelled"]
    said = _name_totals(totals) | {
        "user_id": user,
        "period": pd.array([period], dtype="str").repeat(size),
        "period_start": np.full(size, "NaT", "datetime64[s]")
        if start is None
        else start.astype("datetime64[D]").astype("datetime64[s]"),
        "win_rate": _ratio(won, won + lost),
        "roi": _ratio(totals["net"], wagered),
        "favourite_team": team_names.array.take(_favourites(teams, size), allow_fill=True),
        "average_stake": pd.arrays.IntegerArray(wagered // np.maximum(stakes, 1), stakes == 0),
    }
    return pd.DataFrame({name: said[name] for name in DESCRIBED})


def _total(row: Ints, values: Array, size: int) -> Ints:
    """Sum of the values of each row, 0 where there are none."""
    total = np.zeros(size, dtype="int64")
    np.add.at(total, row, values.astype("int64"))
    return total


def _highest(row: Ints, values: Ints, size: int) -> Ints:
    """Largest value of each row."""
    highest = np.full(size, NO_HIGHEST)
    np.maximum.at(highest, row, values)
    return highest


def _lowest(row: Ints, values: Ints, size: int) -> Ints:
    """Smallest value of each row."""
    lowest = np.full(size, NO_LOWEST)
    np.minimum.at(lowest, row, values)
    return lowest


def _ratio(part: Ints, base: Ints) -> npt.NDArray[np.float64]:
    """Part by base, NULL where the base is 0."""
    ratio: npt.NDArray[np.float64] = part / np.where(base > 0, base, np.nan)
    return ratio
