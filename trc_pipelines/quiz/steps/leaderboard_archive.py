"""The final standings of weeks and months."""

from trc_pipelines.jobs.contract import Result, Work, step
from trc_pipelines.leaderboards.closing import close_periods
from trc_pipelines.quiz.boards import BOARDS
from trc_pipelines.quiz.relations import NAME, users, xp_events


@step(NAME, deps=[xp_events, users], max_age_minutes=169 * 60, unit="period")
def leaderboard_archive(work: Work) -> Result:
    """One row per closed week or month and rank: its final standings, archived once and for good.

    From the XP earned in exactly that period. Who earned none is not in it. One `LeaderboardReset`
    event per period. The next one is new, and nothing is set to zero.
    """
    return close_periods(work, BOARDS)
