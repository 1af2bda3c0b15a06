"""Closed periods and their final standings."""

from trc_pipelines.community.boards import BOARDS
from trc_pipelines.community.relations import NAME, members
from trc_pipelines.community.steps.point_ledger import point_ledger
from trc_pipelines.jobs.contract import Result, Work, step
from trc_pipelines.leaderboards.closing import close_periods


@step(NAME, deps=[point_ledger, members], max_age_minutes=169 * 60, unit="period")
def leaderboard_archive(work: Work) -> Result:
    """One row per closed period (week, month) and rank: its final standings, archived once and for good.

    Every period that has ended and in which nothing is still on its way is closed, oldest first,
    with one `LeaderboardReset` event each. The next period is new, and nothing is set to zero.
    """
    return close_periods(work, BOARDS)
