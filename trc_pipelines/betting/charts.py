"""What the report shows of the betting app. Money is in whole cents until it is written."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from trc_pipelines.betting.steps.bankroll_weekly_history import bankroll_weekly_history
from trc_pipelines.betting.steps.game_settlements import game_settlements
from trc_pipelines.betting.steps.user_badges import user_badges
from trc_pipelines.reports.declarations import Chart, Column, Section
from trc_pipelines.reports.wording import compare, count, write

DAY, WEEK = Column("day", "day", "day"), Column("week", "week from", "day")
BETS = Column("bets", "bets")
MOST_TYPES = 10


def sum_types(weeks: pd.DataFrame) -> pd.DataFrame:
    """Sum up types of bets over all weeks, those with most at stake first, with the share that users won."""
    types = weeks.groupby("bet_type", as_index=False)[["bets", "wagered", "net"]].sum()
    roi = types["net"] / types["wagered"].where(types["wagered"] > 0)
    order = ["wagered", "bet_type"]
    return types.assign(roi=roi).sort_values(order, ascending=[False, True]).head(MOST_TYPES)


CHARTS = [
    Chart(
        "active_bettors",
        "Active bettors",
        "Who placed a bet: on the day, in 7 and in 30 days to it.",
        "betting/chart_active_bettors",
        DAY,
        [
            Column("bettors", "on the day"),
            Column("weekly_bettors", "in 7 days"),
            Column("monthly_bettors", "in 30 days"),
        ],
    ),
    Chart(
        "wagered",
        "Wagered and returned",
        "Stakes of the bets settled in a week, and what was paid for them.",
        "betting/chart_wagered",
        WEEK,
        [Column("wagered", "wagered", "cents"), Column("returned", "returned", "cents")],
        also=[BETS],
    ),
    Chart(
        "hold",
        "Hold",
        "Which share of the stakes of a week's settled bets the house kept.",
        "betting/chart_wagered",
        WEEK,
        [Column("hold", "hold", "share")],
        "bar",
    ),
    Chart(
        "bets_by_type",
        "Bets by type",
        "Bets settled, by week.",
        "betting/chart_bets_by_type",
        WEEK,
        [BETS],
        "bar",
        Column("bet_type", "type", "text"),
        also=[Column("won", "won"), Column("lost", "lost"), Column("pushed", "pushed")],
    ),
    Chart(
        "returns",
        "Return by type of bet",
        "What users won of what they staked (ROI), in 26 weeks.",
        "betting/chart_bets_by_type",
        Column("bet_type", "type", "text"),
        [Column("roi", "ROI", "share")],
        "ranking",
        also=[BETS, Column("wagered", "wagered", "cents"), Column("net", "net", "cents")],
        shape=sum_types,
    ),
    Chart(
        "exposure",
        "Open games",
        "What would be paid if all open bets were won, of the games with most of it.",
        "betting/chart_exposure",
        Column("game_id", "game", "text"),
        [Column("potential_payout", "could be paid", "cents")],
        "ranking",
        also=[Column("staked", "staked", "cents"), BETS, Column("starts_at", "begins", "moment")],
    ),
    Chart(
        "badges",
        "Badges",
        "Who holds a badge now.",
        "betting/chart_badges",
        Column("title", "badge", "text"),
        [Column("holders", "holders")],
        "ranking",
        also=[Column("names", "the first five", "text")],
    ),
    Chart(
        "settlement_latency",
        "How fast games are settled",
        "Minutes from a game's end to its settlement: half of them, and nine of ten, took no longer.",
        "betting/chart_settlement_latency",
        DAY,
        [
            Column("median_minutes", "median", "minutes"),
            Column("p90_minutes", "nine of ten", "minutes"),
        ],
        also=[Column("longest_minutes", "longest", "minutes"), Column("games", "games")],
    ),
]


def _tell(week: Mapping[str, Any]) -> tuple[str, str]:
    active, wagered = week["active"], week["wagered"]
    return (
        f"In betting {count(active, 'user')} placed bets in the last seven whole days"
        f"{compare(week, 'active')}.",
        f"They wagered {write(wagered, 'cents')}{compare(week, 'wagered', 'less')}.",
    )


SECTION = Section(
    "Betting",
    CHARTS,
    "betting/chart_week_change",
    _tell,
    [game_settlements, bankroll_weekly_history, user_badges],
)
