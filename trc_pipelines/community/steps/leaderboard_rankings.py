"""The boards, day by day."""

import pandas as pd

from trc_pipelines.calendar import month_start, week_start
from trc_pipelines.community.boards import BOARDS
from trc_pipelines.community.relations import members
from trc_pipelines.community.steps.daily_points import daily_points
from trc_pipelines.jobs.contract import Result, Work, step
from trc_pipelines.leaderboards.boards import record_boards
from trc_pipelines.leaderboards.ranking import rank_boards


@step("community", deps=[daily_points, members], is_daily=True, max_age_minutes=65)
def leaderboard_rankings(work: Work) -> Result:
    """One row per day, board (global, weekly, monthly) and ranked member: the day's last state.

    Points of members who are ACTIVE or TRIALING and agreed to be shown; a score of 0 is on no
    board, as in no archive. Score descending, then
    latest point-earning time, then member id: every rank is unique.
    """
    first_day, last_day = work.days
    work.transaction.execute("community/open_days", first_day=first_day, last_day=last_day)
    work.transaction.execute(
        "community/claim_days_for_boards",
        first_day=first_day,
        last_day=last_day,
        start_on=work.settings.community_start_on,
    )
    rows = 0
    for day in pd.date_range(*work.days).date:
        week, month = week_start(day), month_start(day)
        ranked = rank_boards(
            work.transaction.read(
                "community/select_board_scores", day=day, week_start=week, month_start=month
            )
        )
        starts = {"global": None, "weekly": week, "monthly": month}
        work.transaction.execute("community/delete_rankings", day=day)
        work.transaction.append(
            "community.leaderboard_rankings",
            ranked.assign(
                day=pd.Timestamp(day),
                period_start=pd.to_datetime(ranked["board"].map(starts)),
            ),
        )
        record_boards(work.transaction, BOARDS.domain, day, ranked, starts)
        rows += len(ranked)
    sizes = ranked["board"].value_counts()
    return Result(
        affected=rows,
        message=", ".join(f"{board}: {size} members" for board, size in sizes.items())
        or "no scores",
        details={f"{board}_members": int(size) for board, size in sizes.items()},
        rows=rows,
    )
