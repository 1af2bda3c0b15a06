"""The boards in Redis."""

from trc_pipelines.community.boards import CACHED_BOARDS
from trc_pipelines.community.relations import NAME
from trc_pipelines.community.steps.leaderboard_rankings import leaderboard_rankings
from trc_pipelines.jobs.contract import Result, Work, step
from trc_pipelines.leaderboards.cache import publish_boards


@step(NAME, deps=[leaderboard_rankings], kinds=("python", "redis"), max_age_minutes=65)
def leaderboard_cache(work: Work) -> Result:
    """One list in Redis per board, exchanged in one instant when the board changed: for apps that ask often.

    Nothing depends on it: without Redis the boards in the database are as fresh as ever.
    """
    return publish_boards(work, CACHED_BOARDS)
