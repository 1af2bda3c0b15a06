"""How a job runs: each step in a transaction of its own with its record, or all in one that is rolled back.

A step's effects and the job's execution row commit together. A dry run is the same steps on one
transaction that is rolled back.
"""

import json
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pandas as pd

from trc_pipelines.database.connection import Connection, Database, DatabaseError, Transaction
from trc_pipelines.jobs.changes import Tables, find_changes, keep_rows
from trc_pipelines.jobs.contract import (
    Budget,
    Days,
    Job,
    JobError,
    Options,
    Result,
    Step,
    UnitRefusedError,
    UsageError,
    Work,
    refuse_limit,
)
from trc_pipelines.jobs.cut_over import keep_cut_over
from trc_pipelines.jobs.locks import lock
from trc_pipelines.settings import Settings

logger = logging.getLogger(__name__)

# After a lost connection, a deadlock or a restart of the server: every step is safe to repeat.
# A server that was killed needs up to twenty seconds to be back. None is longer than what lies between
# two looks for runs that are lost.
RETRY_DELAYS_SECONDS = (0.2, 1.0, 5.0, 5.0, 5.0, 5.0)


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
        """Run one step and record it in the same transaction, again when that is lost.

        Raises:
            JobError: another run holds this step, or the step refused what was asked.
            DatabaseError: nothing was written, or it is unknown whether the commit happened.
        """
        attempt = Attempt(self, step)
        try:
            return attempt.perform()
        except UsageError as error:
            refusal = Result(0, str(error), skipped=True)
            attempt.record_end(self.database.connect, refusal, "skipped")
            raise
        except Exception as error:
            message = f"{step.table} failed: {_describe(error)}"
            failure = Result(0, message, {"error": type(error).__name__})
            attempt.record_end(self.database.connect, failure, "failed")
            raise
        except BaseException:
            stop = Result(0, f"{step.table} was interrupted; what was open is rolled back")
            # On the connection that is open: whoever stops us does not wait for another.
            attempt.record_end(lambda: nullcontext(self.connection), stop, "interrupted")
            raise
        finally:
            attempt.held.close()

    def prepare(self, step: Step, held: ExitStack) -> Any:
        """Fetch what the step needs from outside, if anything, while no transaction is open.

        Args:
            held: until it is closed no other run prepares the same.
        """
        if step.prepare is None:
            return None
        logger.info("%s reads what is outside", step.table, extra={"step": step.table})
        held.enter_context(self._lock_session(step))
        with self.connection.between_transactions() as transaction:
            return step.prepare(transaction, self.settings, self.options)

    def take_step(
        self,
        transaction: Transaction,
        step: Step,
        prepared: Any = None,
        *,
        is_dry_run: bool,
        refused_units: Mapping[Hashable, str] | None = None,
    ) -> Result:
        """Run one step in an open transaction."""
        if isinstance(prepared, JobError):
            raise prepared
        logger.info("%s begins", step.table, extra={"step": step.table})
        options = self.options
        refuse_limit(step.table, options.limit, [step.unit] if step.unit else [])
        self.lock(transaction, step)
        cut_over_at = keep_cut_over(transaction, self.settings, step.domain, options.run_id)
        if cut_over_at and options.as_of < cut_over_at and step.writes and not is_dry_run:
            until = f"{cut_over_at:%Y-%m-%d %H:%M} UTC ({step.domain.upper()}_CUT_OVER_AT)"
            return Result(0, notes=[f"until {until} this is for the old jobs: nothing was done"])
        budget = Budget(options.limit)
        days = options.days or self.days(transaction, self.settings, options.as_of)
        if step.unit == "day":
            days = first_of(days, budget)
        return step.run(
            Work(
                transaction,
                self.database,
                self.settings,
                options,
                days,
                is_dry_run,
                budget,
                prepared,
                refused_units or {},
                lambda said: logger.info(
                    "%s: %s", step.table, said, extra={"step": step.table, "said": said}
                ),
            )
        )

    def lock(self, transaction: Transaction, step: Step) -> None:
        """Wait for whoever is writing the step's table, or these days of it if others go on meanwhile.

        Raises:
            JobError: it took longer than the settings allow.
        """
        if step.has_independent_days and self.options.days:
            first_day, last_day = self.options.days
            days = {"first_day": first_day, "last_day": last_day}
            lock(transaction, self.settings, step.table, "jobs/lock_days", **days)
        else:
            lock(transaction, self.settings, step.table)

    @contextmanager
    def _lock_session(self, step: Step) -> Iterator[None]:
        """Hold a lock between transactions: by a session that stays ours, behind a pooler another one."""
        of_its_own = self.database.direct.connect if self.database.direct_url else None
        with of_its_own() if of_its_own else nullcontext(self.connection) as connection:
            with connection.between_transactions() as transaction:
                lock(transaction, self.settings, step.table, "jobs/lock_session")
            try:
                yield
            finally:
                # A session that was lost meanwhile has no lock.
                with suppress(DatabaseError), connection.between_transactions() as transaction:
                    transaction.execute("jobs/unlock_session", table=step.table)


@dataclass
class Attempt:
    """One step being run: what it has brought so far, however often it is tried.

    Attributes:
        prepared: what the step's `prepare` found; it is not looked for again.
        held: the lock under which it was.
        result: of the last try that came to its commit, acknowledged or not.
    """

    run: Run
    step: Step
    started: float = field(default_factory=time.perf_counter)
    prepared: Any = None
    held: ExitStack = field(default_factory=ExitStack)
    result: Result | None = None

    def perform(self) -> Result:
        """Try until the step is committed, or fails for good."""
        retries = 0
        while True:
            try:
                if retries:
                    self.run.connection.reconnect()
                if self.prepared is None:
                    self.held.close()
                    self.prepared = self.run.prepare(self.step, self.held)
                return self._try_once()
            except DatabaseError as error:
                _wait_for_another_try(error, retries, self.step.table)
                retries += 1

    def record_end(
        self, connect: Callable[[], AbstractContextManager[Connection]], result: Result, state: str
    ) -> None:
        """Write down how a step ended that did not commit."""
        try:
            with connect() as connection, connection.transaction() as transaction:
                self._record(transaction, result, state)
        except DatabaseError:
            # The database may be what failed, and the error itself is on its way to the caller.
            logger.warning("the end of %s could not be recorded", self.run.job_name, exc_info=True)

    def _try_once(self) -> Result:
        with self.run.connection.transaction() as transaction:
            # The commit may have happened without an acknowledgement: then its figures are reported.
            if self.result is not None and self._is_recorded(transaction):
                return self.result
            result = self.run.take_step(transaction, self.step, self.prepared, is_dry_run=False)
            self._record(transaction, result, "running" if result.success else "failed")
            self.result = result
        return result

    def _is_recorded(self, transaction: Transaction) -> bool:
        # The lost session may still be about to commit. It holds the lock until then.
        self.run.lock(transaction, self.step)
        return bool(
            transaction.read_value(
                "jobs/find_recorded_step",
                job_name=self.run.job_name,
                run_id=self.run.options.run_id,
                table=self.step.table,
            )
        )

    def _record(self, transaction: Transaction, result: Result, state: str) -> None:
        skip = {"skipped_because": result.message} if result.skipped else {}
        options = self.run.options
        transaction.execute(
            "jobs/upsert_job_execution",
            job_name=self.run.job_name,
            run_id=options.run_id,
            as_of=options.as_of,
            state=state,
            message=result.message,
            affected_count=result.affected,
            duration_ms=round((time.perf_counter() - self.started) * 1000),
            details=json.dumps({self.step.table: result.details | skip}, default=str),
            executed_by=options.executed_by,
            tables=list(self.run.tables),
        )


def _wait_for_another_try(error: DatabaseError, retries: int, what: str) -> None:
    """Wait as long as it takes until what was lost may go well, or raise what has no other try."""
    if not error.is_transient or retries == len(RETRY_DELAYS_SECONDS):
        raise error
    logger.warning("%s: %s; it is tried again", what, error)
    time.sleep(RETRY_DELAYS_SECONDS[retries])


@dataclass(frozen=True)
class DryRun:
    """What a job would do: its results by table, what would end it, and rows if they were asked for.

    Attributes:
        changes: as `find_changes` gives them.
    """

    job: Job
    results: dict[str, Result]
    error: JobError | DatabaseError | None = None
    changes: pd.DataFrame | None = None


@dataclass(frozen=True)
class Rows:
    """Which rows a dry run is to list: of which tables for each job, and at most so many of each."""

    tables: Callable[[Job], Tables]
    most: int


def perform(
    database: Database, settings: Settings, job: Job, options: Options, *, dry_run: bool = False
) -> dict[str, Result]:
    """Run the steps of a job in order.

    Stops after one without success, unless the others go on without it. In that case what refused it
    is raised when they are done.

    Returns:
        The results by table.

    Raises:
        JobError: a step refused, or the job takes no limit.
        DatabaseError: the database refused, or is away.
    """
    refuse_limit(job.name, options.limit, job.units)
    if dry_run:
        [outcome] = dry_run_jobs(database, settings, [job], options)
        if outcome.error:
            raise outcome.error
        return outcome.results
    with database.connect() as connection:
        return _take_steps(job, _run_of(database, connection, settings, job, options).perform)


def dry_run_jobs(
    database: Database,
    settings: Settings,
    jobs: Sequence[Job],
    options: Options,
    rows: Rows | None = None,
) -> list[DryRun]:
    """Run jobs one after the other on one transaction, and roll it back.

    Each sees what those before it would do, and of what is refused nothing is left, as in a run:
    the transaction that a refusal ended is begun again without it.

    Args:
        rows: which changed rows to list; None: none.

    Raises:
        DatabaseError: the database is away.
    """
    with database.connect() as connection, ExitStack() as held:
        runs = [(job, _run_of(database, connection, settings, job, options)) for job in jobs]
        # What is outside is read first, because the rest is one transaction.
        prepared = {
            step.table: _prepare(run, step, held) for job, run in runs for step in job.steps
        }
        refusals, retries = Refusals(), 0
        while True:
            try:
                with connection.transaction(commit=False) as transaction:
                    return [
                        _dry_run_one(job, run, transaction, prepared, refusals, rows)
                        for job, run in runs
                    ]
            except _BeginAgainError:
                logger.info("something was refused; the dry run begins again without it")
            except DatabaseError as error:
                # It holds what it wrote until its end, across steps: a run beside it may wait for that.
                _wait_for_another_try(error, retries, "the dry run")
                retries += 1
                connection.reconnect()


class _BeginAgainError(Exception):
    """A dry run came across something new that is refused."""


@dataclass
class Refusals:
    """What was refused in a dry run: steps, and units of steps, by table."""

    steps: dict[str, JobError | DatabaseError] = field(default_factory=dict)
    units: dict[str, dict[Hashable, str]] = field(default_factory=lambda: defaultdict(dict))

    def take_step(
        self, run: Run, transaction: Transaction, step: Step, prepared: Any = None
    ) -> Result:
        """Run a step without its refused units, or raise what refused it in an earlier try."""
        if step.table in self.steps:
            raise self.steps[step.table]
        try:
            return run.take_step(
                transaction, step, prepared, is_dry_run=True, refused_units=self.units[step.table]
            )
        except UnitRefusedError as refusal:
            self.units[step.table][refusal.unit] = refusal.reason
        except (JobError, DatabaseError) as error:
            if isinstance(error, DatabaseError) and error.is_transient:
                raise
            self.steps[step.table] = error
        raise _BeginAgainError


def _dry_run_one(
    job: Job,
    run: Run,
    transaction: Transaction,
    prepared: dict[str, Any],
    refusals: Refusals,
    rows: Rows | None,
) -> DryRun:
    def take(step: Step) -> Result:
        return refusals.take_step(run, transaction, step, prepared[step.table])

    try:
        if rows is None:
            return DryRun(job, _take_steps(job, take))
        keep_rows(transaction, rows.tables(job))
        results = _take_steps(job, take)
        changes = find_changes(transaction, rows.tables(job), rows.most)
        return DryRun(job, results, changes=changes)
    except (JobError, DatabaseError) as error:
        if isinstance(error, DatabaseError) and error.is_transient:
            raise
        return DryRun(job, {}, error)


def _run_of(
    database: Database, connection: Connection, settings: Settings, job: Job, options: Options
) -> Run:
    return Run(database, connection, settings, job.name, job.tables, job.days_at, options)


def _prepare(run: Run, step: Step, held: ExitStack) -> Any:
    """Fetch what the step needs from outside, or the refusal that is raised when it is its turn."""
    try:
        return run.prepare(step, held)
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


def first_of(days: tuple[date, date], budget: Budget) -> tuple[date, date]:
    """Return as many of these days as are left of a limit, the first ones."""
    first, last = days
    return first, first + timedelta(days=budget.at_most((last - first).days + 1) - 1)


def _describe(error: Exception) -> str:
    """Describe an error by its text, or by its type if it is worded elsewhere: the text may show a row."""
    if type(error).__module__.startswith("trc_pipelines"):
        return str(error)
    return f"{type(error).__name__}; the log of its run has the rest"
