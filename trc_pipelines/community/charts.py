"""What the report shows of the community, and its weekly post."""

from collections.abc import Mapping, Sequence
from typing import Any

from trc_pipelines.community.steps.daily_growth import daily_growth
from trc_pipelines.community.steps.daily_streaks import daily_streaks
from trc_pipelines.community.steps.leaderboard_rankings import leaderboard_rankings
from trc_pipelines.community.steps.mee6_leaderboard_snapshot import mee6_leaderboard_snapshot
from trc_pipelines.database.connection import Transaction
from trc_pipelines.reports.declarations import Chart, Column, Section, WeeklyPost
from trc_pipelines.reports.wording import compare, count

DAY, WEEK = Column("day", "day", "day"), Column("week", "week from", "day")
MEMBERS = Column("members", "members")

CHARTS = [
    Chart(
        "active_members",
        "Active members",
        "Who wrote or earned something: on the day, in 7 and in 30 days to it.",
        "community/chart_active_members",
        DAY,
        [
            Column("active_members", "on the day"),
            Column("weekly_active_members", "in 7 days"),
            Column("monthly_active_members", "in 30 days"),
        ],
    ),
    Chart(
        "stickiness",
        "Stickiness",
        "Which share of the members of 30 days came on the day (DAU / MAU).",
        "community/chart_stickiness",
        DAY,
        [Column("stickiness", "stickiness", "share")],
    ),
    Chart(
        "growth",
        "Who the active members are",
        "Current: also in the week before. Back after 7 to 29 days: reactivated; later: resurrected.",
        "community/chart_growth",
        DAY,
        [
            Column("current_members", "current"),
            Column("new_members", "new"),
            Column("reactivated_members", "reactivated"),
            Column("resurrected_members", "resurrected"),
        ],
        "bar",
    ),
    Chart(
        "return_rates",
        "Who comes back the next day",
        "Share of current (CURR), new (NURR), reactivated (RURR) and resurrected (SURR) members.",
        "community/chart_return_rates",
        DAY,
        [
            Column("curr", "CURR", "share"),
            Column("nurr", "NURR", "share"),
            Column("rurr", "RURR", "share"),
            Column("surr", "SURR", "share"),
        ],
    ),
    Chart(
        "inactive_members",
        "Who is slipping away",
        "Not active on the day: for less than a week, for less than a month, for longer.",
        "community/chart_inactive_members",
        DAY,
        [
            Column("at_risk_weekly_members", "at risk, this week"),
            Column("at_risk_monthly_members", "at risk, this month"),
            Column("dormant_members", "dormant"),
        ],
        "bar",
    ),
    Chart(
        "new_members",
        "New members",
        "Active for the first time, by week.",
        "community/chart_new_members",
        WEEK,
        [Column("new_members", "new members")],
        "bar",
    ),
    Chart(
        "retention",
        "Retention by first week",
        "Of the members who began in a week: how many per cent were active so many weeks later.",
        "community/chart_retention",
        Column("weeks_since", "weeks later"),
        [Column("retention", "retention", "share")],
        "heatmap",
        Column("cohort_week", "first week", "day"),
        also=[Column("active_members", "active"), Column("cohort_members", "members")],
    ),
    Chart(
        "lapsed_members",
        "Lapsed members",
        "Active before, and not for 14 days or longer.",
        "community/chart_lapsed_members",
        Column("days_since", "days since", "text"),
        [MEMBERS],
        "bar",
        also=[Column("points", "their points")],
    ),
    Chart(
        "streaks",
        "Streaks that stand",
        "Members by the length of their streak, in weekdays.",
        "community/chart_streaks",
        Column("streak", "weekdays", "text"),
        [MEMBERS],
        "bar",
    ),
    Chart(
        "streak_survival",
        "How streaks survive",
        "Of the streaks that came so far, which share went on by another weekday.",
        "community/chart_streak_survival",
        Column("length", "weekdays"),
        [Column("survived", "went on", "share")],
        also=[Column("reached", "came so far")],
    ),
    Chart(
        "points_by_source",
        "Points by source",
        "What points were earned with, by week.",
        "community/chart_points_by_source",
        WEEK,
        [Column("points", "points")],
        "bar",
        Column("action", "action", "text"),
        also=[Column("entries", "entries")],
    ),
    Chart(
        "concentration",
        "Concentration of points",
        "Which share of a week's points the most active 1 % and 10 % of its members have.",
        "community/chart_concentration",
        WEEK,
        [
            Column("top_1_percent_share", "top 1 %", "share"),
            Column("top_10_percent_share", "top 10 %", "share"),
        ],
        also=[MEMBERS, Column("points", "points")],
    ),
    Chart(
        "top_gainers",
        "Top gainers",
        "Most points in the week so far; on a Monday, in the week that ended.",
        "community/chart_top_gainers",
        Column("name", "member", "text"),
        [Column("points", "points")],
        "ranking",
    ),
    Chart(
        "readings",
        "Readings of the leaderboard",
        "How many were accepted, quarantined, or failed.",
        "community/chart_readings",
        DAY,
        [
            Column("accepted", "accepted"),
            Column("quarantined", "quarantined"),
            Column("failed", "failed", is_bad=True),
        ],
        "bar",
        also=[Column("requests", "requests")],
    ),
    Chart(
        "reading_gaps",
        "Gaps between readings",
        "The longest stretch without an accepted reading, in minutes, cut at midnight.",
        "community/chart_reading_gaps",
        DAY,
        [Column("longest_gap_minutes", "longest gap, minutes", "minutes")],
        "bar",
        also=[Column("gaps", "gaps")],
    ),
]


def _tell(week: Mapping[str, Any]) -> tuple[str, str]:
    active, points = week["active"], week["points"]
    were = "was" if active == 1 else "were"
    return (
        f"In the last seven whole days {count(active, 'member')} {were} active"
        f"{compare(week, 'active')}.",
        f"{count(points, 'point')} came in{compare(week, 'points')}.",
    )


def _find_waiting(transaction: Transaction) -> Sequence[str]:
    waiting = transaction.read_value("community/count_waiting_readings")
    return [count(waiting, "quarantined reading")] if waiting else []


SECTION = Section(
    "Community",
    CHARTS,
    "community/chart_week_change",
    _tell,
    [mee6_leaderboard_snapshot, daily_growth, daily_streaks, leaderboard_rankings],
    _find_waiting,
)
WEEKLY_POST = WeeklyPost(
    "community/select_weekly_post",
    {
        "winners": ("Most points", "point"),
        "gainers": ("Biggest gains on the week before", "point"),
        "streaks": ("Longest streaks", "weekday"),
    },
)
