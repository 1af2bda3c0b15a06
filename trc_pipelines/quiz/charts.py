"""What the report shows of the quiz."""

from collections.abc import Mapping
from typing import Any

from trc_pipelines.quiz.steps.leaderboard_rankings import leaderboard_rankings
from trc_pipelines.quiz.steps.life_regenerations import life_regenerations
from trc_pipelines.quiz.steps.quiz_sessions import quiz_sessions
from trc_pipelines.quiz.steps.streak_evaluations import streak_evaluations
from trc_pipelines.reports.declarations import Chart, Column, Section
from trc_pipelines.reports.wording import compare, count

DAY = Column("day", "day", "day")

CHARTS = [
    Chart(
        "active_players",
        "Active players",
        "Who began a session or earned XP: on the day, in 7 and in 30 days to it.",
        "quiz/chart_active_players",
        DAY,
        [
            Column("active_players", "on the day"),
            Column("weekly_active_players", "in 7 days"),
            Column("monthly_active_players", "in 30 days"),
        ],
    ),
    Chart(
        "sessions",
        "Sessions",
        "By the day on which they began: played to the end, left or expired, still open.",
        "quiz/chart_sessions",
        DAY,
        [
            Column("completed", "completed"),
            Column("abandoned", "abandoned"),
            Column("going_on", "open"),
        ],
        "bar",
    ),
    Chart(
        "completion",
        "Completion by hour",
        "Of the sessions of 30 days that ended, which share was played to the end. Hours are UTC.",
        "quiz/chart_completion",
        Column("hour", "hour"),
        [Column("completion_rate", "completed", "share")],
        "bar",
        also=[Column("sessions", "sessions")],
    ),
    Chart(
        "life_waits",
        "Waits for a life",
        "How many minutes players waited for a life: half of them, and nine of ten, no longer.",
        "quiz/chart_life_waits",
        DAY,
        [
            Column("median_minutes", "median", "minutes"),
            Column("p90_minutes", "nine of ten", "minutes"),
        ],
        also=[Column("lives_given", "lives given"), Column("players", "players")],
    ),
    Chart(
        "streak_outcomes",
        "Streaks",
        "Judged as each day began: kept, saved by a protection, broken.",
        "quiz/chart_streak_outcomes",
        DAY,
        [
            Column("kept", "kept"),
            Column("protected", "protected"),
            Column("broken", "broken", is_bad=True),
        ],
        "bar",
    ),
    Chart(
        "xp",
        "XP of players",
        "How many players have so much.",
        "quiz/chart_xp",
        Column("xp", "XP", "text"),
        [Column("players", "players")],
        "bar",
    ),
]


def _tell(week: Mapping[str, Any]) -> tuple[str, str]:
    active, xp = week["active"], week["xp"]
    return (
        f"In the quiz {count(active, 'player')} played in the last seven whole days"
        f"{compare(week, 'active')}.",
        f"They earned {xp:,} XP{compare(week, 'xp')}.",
    )


SECTION = Section(
    "Quiz",
    CHARTS,
    "quiz/chart_week_change",
    _tell,
    [quiz_sessions, streak_evaluations, life_regenerations, leaderboard_rankings],
)
