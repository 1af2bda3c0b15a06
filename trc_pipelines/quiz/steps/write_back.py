"""What the app shows of its players itself."""

from trc_pipelines.jobs import write_backs
from trc_pipelines.jobs.contract import Result, Work, step
from trc_pipelines.quiz.relations import NAME, shown_players
from trc_pipelines.quiz.steps.leaderboard_rankings import leaderboard_rankings


@step(
    NAME,
    deps=[leaderboard_rankings],
    max_age_minutes=65,
    writes=[shown_players],
    others_go_on=True,
)
def write_back(work: Work) -> Result:
    """Nothing of ours: scores and ranks in the app's own row of each player, where they differ."""
    return write_backs.write_back(
        work, "quiz.write_back_rankings", "quiz/write_back", "players_written"
    )
