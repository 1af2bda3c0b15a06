"""What the app shows of its users itself."""

from trc_pipelines.betting.relations import shown_users
from trc_pipelines.betting.steps.user_badges import user_badges
from trc_pipelines.jobs import write_backs
from trc_pipelines.jobs.contract import Result, Work, step


@step(
    "betting",
    deps=[user_badges],
    max_age_minutes=65,
    writes=[shown_users],
    others_go_on=True,
)
def write_back(work: Work) -> Result:
    """Nothing of ours: badges of the last weeks in the app's own table, under its names, where it differs."""
    return write_backs.write_back(
        work, "betting.write_back_badges", "betting/write_back", "badges_written"
    )
