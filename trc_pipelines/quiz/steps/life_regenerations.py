"""Lives that come back."""

import pandas as pd

from trc_pipelines.jobs.contract import Result, Work, step
from trc_pipelines.quiz.batches import change_in_batches, publish
from trc_pipelines.quiz.relations import NAME, lives
from trc_pipelines.quiz.rules.lives import regenerate_lives


@step(NAME, deps=[lives], max_age_minutes=35, unit="player", writes=[lives])
def life_regenerations(work: Work) -> Result:
    """One row per player and tick that gave lives back: one each, or with QUIZ_LIFE_CATCH_UP all owed.

    A life comes back half an hour after the one before, and a full player waits for nothing. The same
    tick gives nothing twice. A quiz that begins at the same moment is waited for, and counts.
    """
    given = players = repaired = 0
    for changed in change_in_batches(work.budget, lambda most: _give(work, most)):
        granted = changed[changed["lives_added"] > 0]
        publish(work, "LifeRegenerated", granted, granted["user_id"] + f":{work.as_of.isoformat()}")
        given += int(granted["lives_added"].sum())
        players += len(granted)
        repaired += len(changed) - len(granted)
    return Result(
        affected=players + repaired,
        details={"lives": given, "players": players, "missing_deadlines_set": repaired},
        rows_written=players,
    )


def _give(work: Work, most: int) -> pd.DataFrame | None:
    due = work.transaction.read("quiz/select_due_lives", as_of=work.as_of, most=most)
    if due.empty:
        return None
    given = regenerate_lives(due, work.as_of, catch_up=work.settings.quiz_life_catch_up)
    work.transaction.stage("staged_lives", given)
    return work.transaction.read("quiz/grant_lives", as_of=work.as_of, run_id=work.options.run_id)
