"""What the app shows of its members itself."""

from trc_pipelines.community.relations import NAME, members, shown_members
from trc_pipelines.community.steps.daily_points import daily_points
from trc_pipelines.community.steps.daily_streaks import daily_streaks
from trc_pipelines.jobs import write_backs
from trc_pipelines.jobs.contract import Result, Work, step


@step(
    NAME,
    deps=[daily_points, daily_streaks, members],
    max_age_minutes=65,
    writes=[shown_members],
    others_go_on=True,
)
def write_back(work: Work) -> Result:
    """Nothing of ours: points, streak and last activity in the app's row of each member, where they differ.

    Of everybody who has points, also of those who are on no board: who sees it is the app's matter. Who
    was erased here is nobody's member, and their row is left as it is.
    """
    # What is being posted right now is waited for, so that the app's sum and the ledger are of one moment.
    work.transaction.execute("jobs/lock_step", table="community.point_ledger")
    return write_backs.write_back(
        work, "community.write_back_members", "community/write_back", "members_written"
    )
