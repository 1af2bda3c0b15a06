"""The boards in Redis."""

from trc_pipelines.jobs.contract import Result, Work, step
from trc_pipelines.leaderboards.cache import publish_boards
from trc_pipelines.quiz.boards import CACHED_BOARDS
from trc_pipelines.quiz.relations import NAME
from trc_pipelines.quiz.steps.leaderboard_rankings import leaderboard_rankings


@step(NAME, deps=[leaderboard_rankings], kinds=("python", "redis"), max_age_minutes=65)
def leaderboard_cache(work: Work) -> Result:
    """One list in Redis per board, replaced at once when the board changed: for apps that ask often."""
    return publish_boards(work, CACHED_BOARDS)
