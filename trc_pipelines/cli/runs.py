"""Running a job from the command line: as a dry run without Dagster, or for real as a Dagster run."""

import json
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import dagster as dg
import pandas as pd
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.definitions.repository_definition import SINGLETON_REPOSITORY_NAME
from dagster._core.execution.api import execute_run
from dagster._core.execution.job_execution_result import JobExecutionResult
from dagster._core.remote_origin import (
    RegisteredCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)

from trc_pipelines import definitions
from trc_pipelines.cli.installation import Installation
from trc_pipelines.cli.output import tell
from trc_pipelines.cli.services import LOCATION
from trc_pipelines.database.migrations import ensure_database
from trc_pipelines.jobs import execution
from trc_pipelines.jobs.contract import Budget, Job, JobError, Options, UsageError, refuse_limit
from trc_pipelines.jobs.execution import Rows, dry_run_jobs, first_of
from trc_pipelines.jobs.orchestration import (
    AS_OF_TAG,
    EXECUTED_BY_TAG,
    day_range_tags,
)
from trc_pipelines.settings import Settings

EXECUTED_BY = "cli"
STOPPED = "the run was interrupted; what was open is rolled back"


@dataclass(frozen=True)
class Outcome:
    """What a run did.

    Attributes:
        messages: by table.
        details: by table.
        skipped: it left its work undone, through no fault of its own.
    """

    job: str
    run_id: str
    as_of: datetime
    dry_run: bool
    success: bool
    message: str
    affected: int
    duration_ms: int
    messages: dict[str, str]
    details: dict[str, Any]
    skipped: bool = False
    interrupted: bool = False


@contextmanager
def tell_steps(jobs: Sequence[Job]) -> Iterator[None]:
    """Tell who waits which step of these jobs is at work."""
    tables = [table for job in jobs for table in job.tables]
    names = ", ".join(job.name for job in jobs)
    with tell(names, len(tables)) as work:

        class Listener(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                if (table := getattr(record, "step", None)) in tables:
                    said = getattr(record, "said", None)
                    what = f"{table}, {said}" if said else table
                    work.begin(f"{names}: {what}", tables.index(table) + 1)

        listener = Listener(logging.INFO)
        execution.logger.addHandler(listener)
        execution.logger.setLevel(logging.INFO)
        try:
            yield
        finally:
            execution.logger.removeHandler(listener)
            execution.logger.setLevel(logging.NOTSET)


def dry_run(
    installation: Installation,
    jobs: Sequence[Job],
    as_of: datetime,
    limit: int | None = None,
    rows: Rows | None = None,
) -> Iterator[tuple[Outcome, pd.DataFrame | None]]:
    """Run jobs and roll everything back, each on what those before it would have done.

    Args:
        rows: which changed rows to list; None: none.

    Raises:
        UsageError: what is asked for is not possible.
    """
    options = Options.of_now(EXECUTED_BY, as_of=as_of, limit=limit)
    for job in jobs:
        _refuse_before_start(job, installation.settings, options)
    started = time.perf_counter()
    for tried in dry_run_jobs(installation.database, installation.settings, jobs, options, rows):
        failed = [result for result in tried.results.values() if not result.success]
        last = (failed or list(tried.results.values()))[-1:]
        outcome = Outcome(
            tried.job.name,
            options.run_id,
            options.as_of,
            dry_run=True,
            success=not (failed or tried.error),
            message=str(tried.error) if tried.error else last[0].message,
            affected=sum(result.affected for result in tried.results.values()),
            duration_ms=round((time.perf_counter() - started) * 1000),
            messages={table: result.message for table, result in tried.results.items()},
            details={table: result.details for table, result in tried.results.items()},
        )
        yield outcome, tried.changes
        started = time.perf_counter()


def run_job(
    installation: Installation,
    job: Job,
    as_of: datetime,
    limit: int | None = None,
    *,
    verbose: bool = False,
) -> Outcome:
    """Run a job in this process as its schedule does. It shows in the UI like any other run.

    Raises:
        UsageError: what is asked for is not possible; no run was made.
    """
    options = Options.of_now(EXECUTED_BY, as_of=as_of, limit=limit)
    _refuse_before_start(job, installation.settings, options)
    with installation.database.transaction(commit=False) as transaction:
        days = job.days_at(transaction, installation.settings, as_of)
    if job.units == ["day"]:
        # Days beyond the limit are not computed, and are not to be shown as if they were.
        days = first_of(days, Budget(limit))
    tags = {AS_OF_TAG: as_of.isoformat(), EXECUTED_BY_TAG: EXECUTED_BY}
    ensure_database(installation.dagster_url)
    with dg.DagsterInstance.get() as instance:
        run = _execute(
            instance,
            definitions.defs().resolve_job_def(job.name),
            tags | (day_range_tags(*days) if job.is_daily else {}),
            {"resources": {"run_options": {"config": {"limit": limit, "verbose": verbose}}}}
            | _logging(verbose),
        )
        said = _what_steps_said(instance, run.run_id)
    with installation.database.transaction(commit=False) as transaction:
        recorded = transaction.read("cli/select_execution", job_name=job.name, run_id=run.run_id)
    if recorded.empty:
        why = _why_it_failed(run)
        return Outcome(
            job.name, run.run_id, as_of, False, False, why, 0, 0, {}, {}, interrupted=why == STOPPED
        )  # fmt: skip
    row = recorded.iloc[0]
    return Outcome(
        job.name,
        run.run_id,
        as_of,
        dry_run=False,
        success=run.success and row["state"] in ("succeeded", "skipped"),
        message=row["message"]
        if run.success or row["state"] in ("succeeded", "interrupted", "skipped")
        else _why_it_failed(run),
        affected=int(row["affected_count"]),
        duration_ms=int(row["duration_ms"]),
        messages={
            ".".join(event.asset_key.path): said[event.step_key]
            for event in run.get_asset_materialization_events()
            if event.asset_key and event.step_key
        },
        details=json.loads(row["details"]),
        skipped=row["state"] == "skipped",
        interrupted=row["state"] == "interrupted",
    )


def _refuse_before_start(job: Job, settings: Settings, options: Options) -> None:
    """Refuse in one sentence what Dagster would refuse in a traceback: a day before the first."""
    refuse_limit(job.name, options.limit, job.units)
    start = settings.community_start_on
    if options.as_of.date() < start and any(step.is_daily for step in job.steps):
        raise UsageError(
            f"as_of is {options.as_of:%Y-%m-%dT%H:%M:%SZ}, and nothing before COMMUNITY_START_ON "
            f"({start}) is computed; {job.name} accepts times from then on"
        )


def materialize_days(assets: Sequence[dg.AssetKey], first: date, last: date) -> None:
    """Compute daily partitions from `first` to `last` as one run, as the UI's Materialize does."""
    job = definitions.defs().resolve_implicit_global_asset_job_def()
    tags = day_range_tags(first, last) | {EXECUTED_BY_TAG: EXECUTED_BY}
    with dg.DagsterInstance.get() as instance:
        _raise_if_failed(_execute(instance, job, tags, _logging(verbose=False), assets))


def run_checks() -> None:
    """Check every invariant once, so that the UI shows how things stand."""
    job = definitions.defs().resolve_job_def(definitions.VERIFICATION)
    with dg.DagsterInstance.get() as instance:
        _raise_if_failed(
            _execute(instance, job, {EXECUTED_BY_TAG: EXECUTED_BY}, _logging(verbose=False))
        )


def _execute(
    instance: dg.DagsterInstance,
    job: dg.JobDefinition,
    tags: Mapping[str, str],
    config: Mapping[str, Any],
    assets: Sequence[dg.AssetKey] = (),
) -> JobExecutionResult:
    """Run a job of the code location in this process.

    Dagster is told whose job it is: else the run would be on no timeline and under no job.
    """
    location = RegisteredCodeLocationOrigin(LOCATION)
    repository = RemoteRepositoryOrigin(location, SINGLETON_REPOSITORY_NAME)
    run = instance.create_run_for_job(
        job,
        run_config=config,
        tags={**job.run_tags, **tags},
        asset_selection=frozenset(assets) or None,
        remote_job_origin=RemoteJobOrigin(repository, job.name),
    )
    return execute_run(InMemoryJob(job), run, instance)


def _what_steps_said(instance: dg.DagsterInstance, run_id: str) -> dict[str, str]:
    """Read what each step logged first: what it did, of all days together. A partition shows its own."""
    logged = [
        entry
        for entry in instance.all_logs(run_id)
        if entry.step_key and not entry.is_dagster_event
    ]
    return {str(entry.step_key): entry.user_message for entry in reversed(logged)}


def _raise_if_failed(run: JobExecutionResult) -> None:
    if not run.success:
        raise JobError(f"{run.job_def.name}: {_why_it_failed(run)}")


def _logging(verbose: bool) -> dict[str, Any]:
    level = "INFO" if verbose else "CRITICAL"
    return {"loggers": {"console": {"config": {"log_level": level}}}}


def _why_it_failed(run: JobExecutionResult) -> str:
    for event in run.all_events:
        if event.is_step_failure and event.step_failure_data.error:
            refusal = event.step_failure_data.user_failure_data
            if refusal and refusal.description:
                return refusal.description
            error = event.step_failure_data.error
            while error.cause:
                error = error.cause
            return error.message.strip()
    return STOPPED
