"""Sessions whose time is up."""

from datetime import timedelta

import pandas as pd

from trc_pipelines.jobs.contract import Result, Work, step
from trc_pipelines.quiz import relations
from trc_pipelines.quiz.batches import change_in_batches, publish
from trc_pipelines.quiz.relations import NAME, users

SESSION_TIMEOUT = timedelta(minutes=10)


@step(NAME, deps=[users], max_age_minutes=65, unit="session", writes=[relations.quiz_sessions])
def quiz_sessions(work: Work) -> Result:
    """One row per session of a quiz. The app begins and completes them, and here they expire.

    A session expires at its deadline, or ten minutes after it began when it has none. Whoever commits
    first wins: a last answer, or this. The life that it cost stays spent.
    """
    expired = 0
    for ended in change_in_batches(work.budget, lambda most: _expire(work, most)):
        payloads = ended.assign(reason="expired", expired_at=work.as_of)
        publish(work, "QuizAbandoned", payloads, ended["session_id"])
        expired += len(ended)
    return Result(expired, details={"sessions_expired": expired}, rows_written=expired)


def _expire(work: Work, most: int) -> pd.DataFrame | None:
    due = work.transaction.read(
        "quiz/expire_sessions",
        as_of=work.as_of,
        began_until=work.as_of - SESSION_TIMEOUT,
        most=most,
    )
    return None if due.empty else due[due["user_id"].notna()]
