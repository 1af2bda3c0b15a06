"""The job contract: what every job takes, gives back and leaves behind.

A job is a list of steps. A step is one function over one open transaction; its effects and the
job's execution row commit together. A dry run is the same steps on one transaction that is rolled
back. Dagster is not known here: schedules, the UI, `trc run` and the tests all come through.
"""

import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from trc_pipelines.database.connection import Connection, Database, DatabaseError, Transaction
from trc_pipelines.settings import Settings

logger = logging.getLogger(__name__)

LOCK_NOT_AVAILABLE = "55P03"


class JobError(Exception):
    """A job cannot do what was asked; the message says why and what is possible."""


@dataclass(frozen=True)
class Options:
    """What a run is asked to do.

    Attributes:
        as_of: logical time in UTC; every rule goes by it, none by the clock.
        now: the clock when the run began; only for talking to the world outside.
        limit: most units to change, oldest first; None for all.
        days: first and last day to compute, for steps that work by the day; None: what `as_of` says.
    """

    as_of: datetime
    now: datetime
    run_id: str
    executed_by: str
    limit: int | None = None
    verbose: bool = False
    days: tuple[date, date] | None = None

    def __post_init__(self) -> None:
        if self.as_of.tzinfo is None:
            raise JobError("as_of needs a time zone, as in 2026-01-31T10:15:00Z")
        # A minute of grace: two clocks never agree.
        if self.as_of > self.now + timedelta(minutes=1):
            raise JobError(
                f"as_of is {self.as_of:%Y-%m-%dT%H:%M:%SZ}, which is still to come; "
                "it accepts times up to now"
            )
        object.__setattr__(self, "as_of", self.as_of.astimezone(UTC))
        if self.limit is not None and self.limit < 1:
            raise JobError(f"limit is {self.limit}; it accepts whole numbers from 1")


@dataclass(frozen=True)
class Work:
    """What a step gets: an open transaction, the settings, the options, the days to compute.

    `database` is for the rare fact that must outlive this transaction.
    """

    db: Transaction
    database: Database
    settings: Settings
    options: Options
    days: tuple[date, date]

    @property
    def as_of(self) -> datetime:
        """Logical time of the run."""
        return self.options.as_of


@dataclass(frozen=True)
class Result:
    """What a step did: units changed, one line for people, figures, rows it left, audit verdicts."""

    affected: int
    message: str
    details: dict[str, Any] = field(default_factory=dict)
    rows: int | None = None
    success: bool = True
    checks: dict[str, tuple[bool, dict[str, Any]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """One unit of work: the table it writes, as `schema.table`, and how."""

    table: str
    run: Callable[[Work], Result]


Days = Callable[[Transaction, Settings, datetime], tuple[date, date]]


@dataclass(frozen=True)
class Job:
    """A named list of steps with its clock.

    Attributes:
        stale_after: longest time without a success before somebody should look.
        days: first and last day that a run at some `as_of` computes, missed ones included.
        unit: what `limit` counts.
    """

    name: str
    description: str
    cron: str
    stale_after: timedelta
    steps: Sequence[Step]
    days: Days
    unit: str = "day"


def perform(
    database: Database, settings: Settings, job: Job, options: Options, *, dry_run: bool = False
) -> dict[str, Result]:
    """Run the steps of a job in order; their results by table. Stops after one without success."""
    results: dict[str, Result] = {}
    with database.connect() as connection:
        if dry_run:
            with connection.transaction(commit=False) as transaction:
                for step in job.steps:
                    results[step.table] = _run_step(
                        database, transaction, settings, job.days, step, options
                    )
                    if not results[step.table].success:
                        break
            return results
        for step in job.steps:
            is_last = step is job.steps[-1]
            results[step.table] = perform_step(
                database, connection, settings, job.name, job.days, step, options, is_last=is_last
            )
            if not results[step.table].success:
                break
    return results


def perform_step(
    database: Database,
    connection: Connection,
    settings: Settings,
    job_name: str,
    days: Days,
    step: Step,
    options: Options,
    *,
    is_last: bool,
) -> Result:
    """Run one step in a transaction of its own and record it.

    Raises:
        JobError: another run holds this step, or the step refused what was asked.
        DatabaseError: nothing was written, or it is unknown whether the commit happened.
    """
    started = time.perf_counter()
    try:
        with connection.transaction() as transaction:
            result = _run_step(database, transaction, settings, days, step, options)
            _record(
                transaction, job_name, step, options, started, result, is_last and result.success
            )
    except Exception as error:
        _record_failure(database, job_name, step, options, started, error)
        raise
    return result


def _run_step(
    database: Database,
    transaction: Transaction,
    settings: Settings,
    days: Days,
    step: Step,
    options: Options,
) -> Result:
    try:
        transaction.execute("operations/lock_step", step.table)
    except DatabaseError as error:
        if error.sqlstate == LOCK_NOT_AVAILABLE:
            raise JobError(
                f"another run is writing {step.table}; waited {settings.lock_timeout_seconds:g} s "
                "(LOCK_TIMEOUT_SECONDS). Nothing was changed: run it again when that one is done."
            ) from error
        raise
    first, last = options.days or days(transaction, settings, options.as_of)
    if options.limit is not None:
        last = min(last, first + timedelta(days=options.limit - 1))
    return step.run(Work(transaction, database, settings, options, (first, last)))


def _record(
    transaction: Transaction,
    job_name: str,
    step: Step,
    options: Options,
    started: float,
    result: Result,
    success: bool,
) -> None:
    transaction.execute(
        "operations/upsert_job_execution",
        job_name,
        options.run_id,
        options.as_of,
        success,
        result.message,
        result.affected,
        round((time.perf_counter() - started) * 1000),
        json.dumps({step.table: result.details}, default=str),
        options.executed_by,
    )


def _record_failure(
    database: Database,
    job_name: str,
    step: Step,
    options: Options,
    started: float,
    error: Exception,
) -> None:
    result = Result(0, f"{step.table} failed: {error}", {"error": type(error).__name__})
    try:
        with database.transaction() as transaction:
            _record(transaction, job_name, step, options, started, result, success=False)
    except DatabaseError:
        # The database may be what failed; the error itself is on its way to the caller.
        logger.warning("the failure of %s could not be recorded", job_name, exc_info=True)
