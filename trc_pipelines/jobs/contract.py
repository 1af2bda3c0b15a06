"""The job contract: what every job takes, gives back and leaves behind.

A job is a list of steps. A step is one function over one open transaction; its effects and the
job's execution row commit together. A dry run is the same steps on one transaction that is rolled
back. Dagster is not known here: schedules, the UI, `trc run` and the tests all come through.
"""

import json
import logging
import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from trc_pipelines.database.connection import Connection, Database, DatabaseError, Transaction
from trc_pipelines.settings import Settings

logger = logging.getLogger(__name__)

Unit = TypeVar("Unit", bound=Hashable)
Done = TypeVar("Done")

LOCK_NOT_AVAILABLE = "55P03"
# A lost connection, a deadlock, a server that restarts: every step is safe to repeat.
RETRY_DELAYS_SECONDS = (0.2, 1.0, 5.0)


class JobError(Exception):
    """A job cannot do what was asked; the message says why and what is possible."""


class UsageError(JobError):
    """What was asked for is not possible: no fault of the job, and no failure of it."""


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
            raise UsageError("as_of needs a time zone, as in 2026-01-31T10:15:00Z")
        # A minute of grace: two clocks never agree.
        if self.as_of > self.now + timedelta(minutes=1):
            raise UsageError(
                f"as_of is {self.as_of:%Y-%m-%dT%H:%M:%SZ}, which is still to come; "
                "it accepts times up to now"
            )
        object.__setattr__(self, "as_of", self.as_of.astimezone(UTC))
        if self.limit is not None and self.limit < 1:
            raise UsageError(f"limit is {self.limit}; it accepts whole numbers from 1")


@dataclass(frozen=True)
class Work:
    """What a step gets: an open transaction, the settings, the options, the days to compute.

    `database` is for the rare fact that must outlive this transaction, `is_dry_run` for what no
    transaction rolls back: a cache, a file, another database. `prepared` is what the step's own
    `prepare` brought.
    """

    db: Transaction
    database: Database
    settings: Settings
    options: Options
    days: tuple[date, date]
    is_dry_run: bool
    prepared: Any = None

    @property
    def as_of(self) -> datetime:
        """Logical time of the run."""
        return self.options.as_of

    def work_off(
        self, units: Iterable[Unit], change: Callable[[Transaction, Unit], Done]
    ) -> tuple[dict[Unit, Done], dict[Unit, str]]:
        """Change units that do not depend on each other, each in a transaction of its own.

        One that the database refuses keeps nobody waiting: the others are done all the same. What
        is done stays done when the run is stopped, so a unit knows by itself whether it is done.
        A rehearsal makes the changes one after the other in the transaction that is rolled back.

        Returns:
            What was done, and why the rest was not.
        """
        if self.is_dry_run:
            return {unit: change(self.db, unit) for unit in units}, {}
        done: dict[Unit, Done] = {}
        refused: dict[Unit, str] = {}
        waiting = list(units)
        if not waiting:
            return done, refused
        with self.database.connect() as connection:
            for unit in waiting:
                try:
                    with connection.transaction() as transaction:
                        result = change(transaction, unit)
                except DatabaseError as error:
                    if error.is_transient:
                        raise  # the whole step is tried again
                    refused[unit] = str(error)
                else:
                    done[unit] = result
        return done, refused


@dataclass(frozen=True)
class Result:
    """What a step did: units changed, one line for people, figures, rows it left, audit verdicts.

    `skipped`: it had to leave its work undone, through no fault of its own. That is neither success
    nor failure of the job, and does not reset how late it is.
    """

    affected: int
    message: str
    details: dict[str, Any] = field(default_factory=dict)
    rows: int | None = None
    success: bool = True
    skipped: bool = False
    checks: dict[str, tuple[bool, dict[str, Any]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """One unit of work: the table it writes, as `schema.table`, and how.

    Attributes:
        prepare: what takes its time outside, such as an API: it is called before the step's
            transaction, by one run at a time, and its statements commit each by itself. What it
            found is not looked for again when the step is tried again, and may be old: the step
            checks what counts.
        others_go_on: the steps after it do not need its success: they work off what is known
            without it. The run fails all the same.
    """

    table: str
    run: Callable[[Work], Result]
    prepare: Callable[[Transaction, Settings, Options], Any] | None = field(
        default=None, kw_only=True
    )
    others_go_on: bool = field(default=False, kw_only=True)


Days = Callable[[Transaction, Settings, datetime], tuple[date, date]]


def day_of(_db: Transaction, _settings: Settings, as_of: datetime) -> tuple[date, date]:
    """The day of the tick alone: for jobs that do not work by the day."""
    return as_of.date(), as_of.date()


@dataclass(frozen=True)
class Job:
    """A named list of steps with its clock.

    Attributes:
        stale_after: longest time without a success before somebody should look.
        days: first and last day that a run at some `as_of` computes, missed ones included.
        unit: what `limit` counts.
        question: what a person who starts it by hand has to agree to.
        is_enabled: whether the settings want it; a job that is switched off is not missed.
    """

    name: str
    description: str
    cron: str
    stale_after: timedelta
    steps: Sequence[Step]
    days: Days = day_of
    unit: str = "day"
    question: str | None = None
    is_enabled: Callable[[Settings], bool] = lambda _settings: True

    @property
    def tables(self) -> list[str]:
        """What its steps write, as `schema.table`."""
        return [step.table for step in self.steps]


@dataclass(frozen=True)
class Run:
    """One run of a job: its steps share a connection, and each has a transaction of its own.

    Attributes:
        tables: what its steps write; the run has succeeded once every one is recorded.
    """

    database: Database
    connection: Connection
    settings: Settings
    job_name: str
    tables: Sequence[str]
    days: Days
    options: Options

    def perform(self, step: Step) -> Result:
        """Run one step and record it, both in one transaction; a lost one is tried again.

        Raises:
            JobError: another run holds this step, or the step refused what was asked.
            DatabaseError: nothing was written, or it is unknown whether the commit happened.
        """
        started = time.perf_counter()
        retries = 0
        prepared: Any = None
        unacknowledged: list[Result] = []
        try:
            while True:
                try:
                    if retries:
                        self.connection.reconnect()
                    prepared = prepared or self.prepare(step)
                    return self._perform_once(step, started, unacknowledged, prepared)
                except DatabaseError as error:
                    if not error.is_transient or retries == len(RETRY_DELAYS_SECONDS):
                        raise
                    logger.warning("%s: %s; it is tried again", step.table, error)
                    time.sleep(RETRY_DELAYS_SECONDS[retries])
                    retries += 1
        except UsageError as error:
            refusal = Result(0, str(error), skipped=True)
            self._record_end(self.database.connect, step, started, refusal, "skipped")
            raise
        except Exception as error:
            failure = Result(
                0, f"{step.table} failed: {_word(error)}", {"error": type(error).__name__}
            )
            self._record_end(self.database.connect, step, started, failure, "failed")
            raise
        except BaseException:
            stop = Result(0, f"{step.table} was interrupted; what was open is rolled back")
            # On the connection at hand: whoever stops us does not wait for another.
            self._record_end(
                lambda: nullcontext(self.connection), step, started, stop, "interrupted"
            )
            raise
        finally:
            if step.prepare:
                self._unlock_session()

    def prepare(self, step: Step) -> Any:
        """What the step needs from outside, if anything; no transaction is open meanwhile."""
        if step.prepare is None:
            return None
        with self.connection.between_transactions() as transaction:
            self._lock(transaction, step, "jobs/lock_session")
            return step.prepare(transaction, self.settings, self.options)

    def rehearse(self, transaction: Transaction, step: Step, prepared: Any = None) -> Result:
        """Run one step in a transaction that the caller rolls back."""
        if isinstance(prepared, JobError):
            raise prepared
        return self._attempt(transaction, step, prepared, is_dry_run=True)

    def _attempt(
        self, transaction: Transaction, step: Step, prepared: Any, *, is_dry_run: bool
    ) -> Result:
        self._lock(transaction, step)
        options = self.options
        first, last = options.days or self.days(transaction, self.settings, options.as_of)
        if options.limit is not None:
            last = min(last, first + timedelta(days=options.limit - 1))
        days = (first, last)
        return step.run(
            Work(transaction, self.database, self.settings, options, days, is_dry_run, prepared)
        )

    def _lock(
        self, transaction: Transaction, step: Step, statement: str = "jobs/lock_step"
    ) -> None:
        try:
            transaction.execute(statement, table=step.table)
        except DatabaseError as error:
            if error.sqlstate == LOCK_NOT_AVAILABLE:
                raise JobError(
                    f"another run is writing {step.table}; waited "
                    f"{self.settings.lock_timeout_seconds:g} s (LOCK_TIMEOUT_SECONDS). "
                    "Nothing was changed: run it again when that one is done."
                ) from error
            raise

    def _unlock_session(self) -> None:
        with suppress(DatabaseError), self.connection.between_transactions() as transaction:
            transaction.execute("jobs/unlock_session")

    def _perform_once(
        self, step: Step, started: float, unacknowledged: list[Result], prepared: Any
    ) -> Result:
        with self.connection.transaction() as transaction:
            # A commit may have happened though nobody said so: its figures are the ones to report.
            if unacknowledged and self._is_recorded(transaction, step):
                return unacknowledged[-1]
            result = self._attempt(transaction, step, prepared, is_dry_run=False)
            state = "running" if result.success else "failed"
            self._record(transaction, step, started, result, state)
            unacknowledged.append(result)
        return result

    def _is_recorded(self, transaction: Transaction, step: Step) -> bool:
        # The lost session may still be about to commit: its lock goes with it.
        self._lock(transaction, step)
        return bool(
            transaction.read_value(
                "jobs/find_recorded_step",
                job_name=self.job_name,
                run_id=self.options.run_id,
                table=step.table,
            )
        )

    def _record(
        self, transaction: Transaction, step: Step, started: float, result: Result, state: str
    ) -> None:
        skip = {"skipped_because": result.message} if result.skipped else {}
        transaction.execute(
            "jobs/upsert_job_execution",
            job_name=self.job_name,
            run_id=self.options.run_id,
            as_of=self.options.as_of,
            state=state,
            message=result.message,
            affected_count=result.affected,
            duration_ms=round((time.perf_counter() - started) * 1000),
            details=json.dumps({step.table: result.details | skip}, default=str),
            executed_by=self.options.executed_by,
            tables=list(self.tables),
        )

    def _record_end(
        self,
        connect: Callable[[], AbstractContextManager[Connection]],
        step: Step,
        started: float,
        result: Result,
        state: str,
    ) -> None:
        try:
            with connect() as connection, connection.transaction() as transaction:
                self._record(transaction, step, started, result, state)
        except DatabaseError:
            # The database may be what failed; the error itself is on its way to the caller.
            logger.warning("the end of %s could not be recorded", self.job_name, exc_info=True)


def _word(error: Exception) -> str:
    """What may be told of an error: of one that is not worded here its type, for it may show a row."""
    if type(error).__module__.startswith("trc_pipelines"):
        return str(error)
    return f"{type(error).__name__}; the log of its run has the rest"


def perform(
    database: Database, settings: Settings, job: Job, options: Options, *, dry_run: bool = False
) -> dict[str, Result]:
    """Run the steps of a job in order; their results by table.

    Stops after one without success, unless the others go on without it; what refused it is raised
    when they are done.
    """
    if dry_run:
        [(_job, results)] = rehearse_all(database, settings, [job], options)
        return results
    with database.connect() as connection:
        return _take_steps(job, _run_of(database, connection, settings, job, options).perform)


def rehearse_all(
    database: Database, settings: Settings, jobs: Sequence[Job], options: Options
) -> Iterator[tuple[Job, dict[str, Result]]]:
    """Rehearse jobs one after the other on one transaction: each sees what those before it would do."""
    with database.connect() as connection:
        runs = [(job, _run_of(database, connection, settings, job, options)) for job in jobs]
        # What is outside comes first: the rest is one transaction.
        prepared = {step.table: _prepare(run, step) for job, run in runs for step in job.steps}
        with connection.transaction(commit=False) as transaction:

            def rehearse(run: Run, step: Step) -> Result:
                return run.rehearse(transaction, step, prepared[step.table])

            for job, run in runs:
                yield job, _take_steps(job, partial(rehearse, run))


def _run_of(
    database: Database, connection: Connection, settings: Settings, job: Job, options: Options
) -> Run:
    return Run(database, connection, settings, job.name, job.tables, job.days, options)


def _prepare(run: Run, step: Step) -> Any:
    """What the step needs from outside, or why it is refused: raised when it is its turn."""
    try:
        return run.prepare(step)
    except JobError as error:
        return error


def _take_steps(job: Job, take: Callable[[Step], Result]) -> dict[str, Result]:
    results: dict[str, Result] = {}
    refusals: list[JobError] = []
    for step in job.steps:
        try:
            results[step.table] = result = take(step)
        except JobError as error:
            if not step.others_go_on:
                raise
            refusals.append(error)
            continue
        if not (result.success or step.others_go_on):
            break
    if refusals:
        raise refusals[0]
    return results
