"""Badges: who holds which this week, and what that unlocks.

A calculator takes a week and gives the users who hold its badge, each once, sorted, with the figures
that earn it. "Top" badges go to everyone tied at the top.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from trc_pipelines.betting.rules.streaks import find_streaks, microseconds, order_bets

HOT_STREAK_WINS = 3
PROFIT_KING_CENTS = 1
RIDING_WAVE_WINS = FADE_GOD_WINS = 3
SHARP_DECIDED = 10
SHARP_PERCENT = 60
MOST_ACTIVE_BETS = 20
SUNDAY_SWEEP_WINS = 3
# A game that nobody settles does not keep a week open for longer.
LAST_JUDGED_AFTER = timedelta(days=1)
# Badges from which each tier of effects begins: tier 1, tier 2.
TIER_BADGES = (1, 3)


@dataclass(frozen=True)
class Week:
    """What happened in an ISO week.

    Attributes:
        settled: bets by their settlement: user_id, bet_id, status (won, lost, push, cancelled),
            net (cents), is_tail, is_fade, created_at, settled_at.
        placed: how many bets (bets) of a status (status, pending as well) a user (user_id) placed.
        posted: user id of each post.
        sunday: bets on the NFL games of the latest Sunday: user_id, status (pending as well).
    """

    settled: pd.DataFrame
    placed: pd.DataFrame
    posted: pd.Series
    sunday: pd.DataFrame


def hot_streak(week: Week) -> pd.DataFrame:
    """A run of wins. A push or a cancelled bet neither extends nor breaks it."""
    decided = week.settled[week.settled["status"].isin(["won", "lost"])]
    user, users = pd.factorize(decided["user_id"], sort=True)
    settled, created = (microseconds(decided[name]) for name in ("settled_at", "created_at"))
    order = order_bets(user, settled, created, decided["bet_id"])
    won = (decided["status"] == "won").to_numpy(dtype=bool)
    longest = find_streaks(user[order], won[order], len(users)).best
    runs = pd.DataFrame({"wins_in_a_row": longest}, index=users)
    return runs[runs["wins_in_a_row"] >= HOT_STREAK_WINS]


def profit_king(week: Week) -> pd.DataFrame:
    """Most net in all, above 0."""
    top = _top(week.settled.groupby("user_id")["net"].sum(), PROFIT_KING_CENTS)
    return top.to_frame("net_cents")


def riding_wave(week: Week) -> pd.DataFrame:
    """Most tails won."""
    won = week.settled["status"] == "won"
    tails = _count(week.settled.loc[won & week.settled["is_tail"], "user_id"])
    return _top(tails, RIDING_WAVE_WINS).to_frame("tails_won")


def sharp(week: Week) -> pd.DataFrame:
    """Best share of wins among decided bets. Of equals, who decided more."""
    counts = _count_outcomes(week.settled)
    decided = counts["won"] + counts["lost"]
    is_sharp = (decided >= SHARP_DECIDED) & (100 * counts["won"] >= SHARP_PERCENT * decided)
    won, decided = counts["won"][is_sharp], decided[is_sharp]
    # Exact: below 2**26 bets, two shares are the same float only if they are the same.
    rate = won / decided
    holders = _top(decided[rate == rate.max()], SHARP_DECIDED).index
    return counts.loc[holders, ["won", "lost"]]


def fade_god(week: Week) -> pd.DataFrame:
    """Most fades won."""
    won = week.settled["status"] == "won"
    fades = _count(week.settled.loc[won & week.settled["is_fade"], "user_id"])
    return _top(fades, FADE_GOD_WINS).to_frame("fades_won")


def most_active(week: Week) -> pd.DataFrame:
    """Most bets placed. A cancelled one counts as not placed."""
    return _top(_count_placed(week), MOST_ACTIVE_BETS).to_frame("bets_placed")


def ghost(week: Week) -> pd.DataFrame:
    """Posted, and placed no bet. A cancelled one counts as not placed."""
    posts = _count(week.posted.dropna())
    silent = ~posts.index.isin(_count_placed(week).index)
    return posts[silent].to_frame("posts").assign(bets_placed=0)


def sunday_sweep(week: Week) -> pd.DataFrame:
    """Every decided bet of Sunday won, and none still open."""
    counts = _count_outcomes(week.sunday)
    is_swept = (counts["lost"] == 0) & (counts["pending"] == 0)
    return counts.loc[is_swept & (counts["won"] >= SUNDAY_SWEEP_WINS), ["won", "lost"]]


CALCULATORS: dict[str, Callable[[Week], pd.DataFrame]] = {
    "hot_streak": hot_streak,
    "profit_king": profit_king,
    "riding_wave": riding_wave,
    "sharp": sharp,
    "fade_god": fade_god,
    "most_active": most_active,
    "ghost": ghost,
    "sunday_sweep": sunday_sweep,
}


def latest_sunday(as_of: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Start and end (not part of it), in UTC, of the latest Sunday of the zone that has begun.

    On a Sunday that is the day itself. It lasts 23 or 25 hours when the clocks change.
    """
    today = as_of.astimezone(zone).date()
    sunday = today - timedelta(days=today.isoweekday() % 7)
    start, end = (
        datetime.combine(sunday + timedelta(days=days), time(), zone).astimezone(UTC)
        for days in (0, 1)
    )
    return start, end


def is_week_over(end: datetime, pending: int, as_of: datetime) -> bool:
    """Whether a week can be judged for the last time: it ended, and its games are settled or a day old.

    Args:
        pending: bets on its games that are not settled yet.
    """
    return as_of >= end + LAST_JUDGED_AFTER or (as_of >= end and pending == 0)


def tell_evidence(holders: pd.DataFrame) -> pd.Series:
    """Tell the figures of each holder as JSON, on the same index."""
    rows = holders.astype("int64").to_dict("records")
    return pd.Series([json.dumps(row) for row in rows], holders.index, dtype="str")


def diff_badges(held: pd.DataFrame, earned: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Find what is newly earned and what is no longer held.

    Args:
        held: badge, user_id: what stands.
        earned: badge, user_id: what ought to stand.

    Returns:
        Both with columns badge and user_id, each pair once, in that order.
    """
    key = ["badge", "user_id"]
    both = (
        held[key]
        .drop_duplicates()
        .merge(earned[key].drop_duplicates(), how="outer", on=key, indicator="found_in")
    )
    both = both.sort_values(key, ignore_index=True)
    new, lost = (
        both.loc[both["found_in"] == side, key].reset_index(drop=True)
        for side in ("right_only", "left_only")
    )
    return new, lost


def tier_of(badge_counts: pd.Series) -> pd.Series:
    """Tier of effects, from 0, by the number of badges held, on the same index."""
    return pd.Series(
        np.searchsorted(TIER_BADGES, badge_counts, side="right"), badge_counts.index, dtype="int64"
    )


def _count_placed(week: Week) -> pd.Series:
    """How many bets each user placed. Cancelled ones are taken back, by the user or by the game."""
    placed = week.placed[week.placed["status"] != "cancelled"]
    bets: pd.Series = placed.groupby("user_id")["bets"].sum()
    return bets


def _count(users: pd.Series) -> pd.Series:
    """How often each user is there, in order of id."""
    return users.groupby(users).size()


def _count_outcomes(bets: pd.DataFrame) -> pd.DataFrame:
    """Bets won, lost and pending (columns) of each user (index, sorted)."""
    outcomes = {name: bets["status"] == name for name in ("won", "lost", "pending")}
    return pd.DataFrame(outcomes).groupby(bets["user_id"]).sum()


def _top(values: pd.Series, at_least: int) -> pd.Series:
    """Everyone (sorted) with the highest value, where that is at least so much."""
    top: pd.Series = values[(values == values.max()) & (values >= at_least)]
    return top
