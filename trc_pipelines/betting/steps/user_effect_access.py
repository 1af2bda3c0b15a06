"""Which effects every user may use this week."""

from trc_pipelines.betting.effects import unlock_effects
from trc_pipelines.betting.steps.user_badges import user_badges
from trc_pipelines.calendar import week_start
from trc_pipelines.jobs.contract import Result, Work, step


@step("betting", deps=[user_badges], max_age_minutes=65)
def user_effect_access(work: Work) -> Result:
    """One row per user who ever held a badge: which tier of effects is unlocked this week.

    No badge: 0, one or two: 1, three or more: 2.
    """
    return unlock_effects(work, week_start(work.as_of.date()))
