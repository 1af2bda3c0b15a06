"""Points and XP by member and day."""

from trc_pipelines.community.rules import activity
from trc_pipelines.community.steps.point_ledger import point_ledger
from trc_pipelines.community.steps.xp_deltas import xp_deltas
from trc_pipelines.jobs.contract import Result, Work, step


@step("community", deps=[xp_deltas, point_ledger], is_daily=True, max_age_minutes=35)
def daily_points(work: Work) -> Result:
    """One row per member per day with XP or entries: points by kind, XP gained, active or not."""
    first_day, last_day = work.days
    work.transaction.execute(
        "community/claim_days_for_points", first_day=first_day, last_day=last_day
    )
    summary = activity.summarise_days(
        work.transaction.read("community/select_xp_gains", first_day=first_day, last_day=last_day),
        work.transaction.read(
            "community/select_entries_of_days", first_day=first_day, last_day=last_day
        ),
    )
    work.transaction.stage("staged_daily_points", summary)
    changed = int(
        work.transaction.read_value(
            "community/replace_daily_points", first_day=first_day, last_day=last_day
        )
    )
    return Result(
        affected=changed,
        message=f"{len(summary)} member-days, {changed} changed",
        details={
            "active_members": int(summary.loc[summary["is_active"], "member_id"].nunique()),
            "points": int(summary["points"].sum()),
            "xp_gained": int(summary["xp_gained"].sum()),
        },
        rows=len(summary),
    )
