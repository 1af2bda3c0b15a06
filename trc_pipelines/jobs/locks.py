"""Locks of tables and of their days, and what is said to who waits for one in vain."""

from datetime import date

from trc_pipelines.database.connection import DatabaseError, Transaction
from trc_pipelines.jobs.contract import JobError
from trc_pipelines.settings import Settings

LOCK_NOT_AVAILABLE = "55P03"


def lock(
    transaction: Transaction,
    settings: Settings,
    table: str,
    statement: str = "jobs/lock_step",
    **days: date,
) -> None:
    """Wait for whoever is writing a table.

    Args:
        statement: by default nobody else writes the table until the transaction ends.
            `jobs/lock_step_shared`: nobody at all does. `jobs/lock_days`: nobody else writes these days.
            `jobs/lock_session`: nobody else prepares what is written, until the session ends.
        days: first_day and last_day, of `jobs/lock_days`.

    Raises:
        JobError: it took longer than the settings allow.
    """
    try:
        transaction.execute(statement, table=table, **days)
    except DatabaseError as error:
        if error.sqlstate == LOCK_NOT_AVAILABLE:
            raise JobError(
                f"another run is writing {table}; waited "
                f"{settings.lock_timeout_seconds:g} s (LOCK_TIMEOUT_SECONDS). "
                "Nothing was changed: run it again when that one is done."
            ) from error
        raise
