"""Dagster's side of the job contract: how a step becomes an asset, a job a schedule, a run its options.

Nothing here knows a domain. Assets, schedules and jobs made here run their steps through
`contract.Run`, as `trc run` does.
"""

import inspect
import time
import uuid
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any, TypeVar, cast

import dagster as dg
from dagster import DagsterRunStatus, RunsFilter
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
)

from trc_pipelines.database.connection import Database, DatabaseError, Transaction
from trc_pipelines.database.locate import locate_database
from trc_pipelines.jobs.contract import (
    Job,
    Options,
    Result,
    Run,
    Step,
    UsageError,
    Work,
    day_of,
    perform,
)
from trc_pipelines.settings import Settings, load_settings

# Single-run backfills are beta in the pinned release: relied on, and covered by the scenarios.
warnings.filterwarnings("ignore", category=dg.BetaWarning)

T = TypeVar("T")

AS_OF_TAG = "trc/as_of"
EXECUTED_BY_TAG = "trc/executed_by"
TABLES_TAG = "trc/tables"
MAX_RUNTIME_SECONDS = 3600
# The daemon gives a tick a minute, and a connection that gets no answer takes up to fifteen seconds.
TICK_PATIENCE_SECONDS, TICK_PAUSE_SECONDS = 35, 2
ACTIVE = [
    DagsterRunStatus.QUEUED,
    DagsterRunStatus.NOT_STARTED,
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
    DagsterRunStatus.CANCELING,
]


class RunOptions(dg.ConfigurableResource[None]):
    """What an operator may ask of a run in the launchpad."""

    as_of: str | None = None
    """Logical time, as 2026-01-31T10:15:00Z; default: the schedule's tick, or now."""
    limit: int | None = None
    """Most units to change, oldest first; default: all."""
    verbose: bool = False
    """Log every figure, not only the summary."""

    def resolve(self, context: dg.AssetExecutionContext, days: tuple[date, date] | None) -> Options:
        """The options of this run: config first, then the schedule's tick, then the clock."""
        tags = context.run.tags
        asked = self.as_of or tags.get(AS_OF_TAG)
        now = datetime.now(UTC)
        try:
            as_of = parse_moment(asked) if asked else now.replace(microsecond=0)
        except ValueError as error:
            raise UsageError(str(error)) from error
        return Options(
            as_of=as_of,
            now=now,
            run_id=context.run.run_id,
            executed_by=tags.get(EXECUTED_BY_TAG) or tags.get("dagster/schedule_name", "dagster"),
            limit=self.limit,
            verbose=self.verbose,
            days=days,
        )


@dataclass(frozen=True)
class StepAsset(Step):
    """A step and the asset that shows it in Dagster.

    Attributes:
        checks: of the verdicts the step gives itself.
        build: makes the asset; partitions begin on the day it is given.
        is_daily: whether it has a partition for each day.
    """

    key: dg.AssetKey
    checks: tuple[dg.AssetCheckKey, ...]
    build: Callable[[date], dg.AssetsDefinition]
    is_daily: bool


def utc_days(first: date) -> dg.DailyPartitionsDefinition:
    """Every day from the first; the open one too: its figures are provisional until it ends."""
    start = datetime.combine(first, datetime.min.time())
    return dg.DailyPartitionsDefinition(start_date=start, timezone="UTC", end_offset=1)


def parse_moment(text: str) -> datetime:
    """A time with zone, in UTC, whole seconds.

    Raises:
        ValueError: the text is no such time.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ValueError(f"{text!r} is no time; as_of accepts 2026-01-31T10:15:00Z")
    return moment.astimezone(UTC).replace(microsecond=0)


@cache
def connected(run_id: str | None = None) -> tuple[Database, Settings]:
    """Database and settings of this process; sessions of a run are called after it."""
    settings = load_settings()
    database = locate_database(settings)
    if run_id is None:
        return database, settings
    return replace(database, application_name=session_name(run_id)), settings


def session_name(run_id: str) -> str:
    """What sessions of a run are called: by them it is known to be alive."""
    return f"trc run {run_id}"


def app_table(domain: str, name: str, description: str, *, is_table: bool = True) -> dg.AssetSpec:
    """Something the app owns, a table unless said otherwise: lineage starts there."""
    table = {"dagster/table_name": f"{domain}.{name}"} if is_table else {}
    return dg.AssetSpec(
        dg.AssetKey([domain, name]),
        description=description,
        group_name=domain,
        kinds={"postgres"} if is_table else set(),
        owners=[f"team:{domain}"],
        metadata=table,
        tags={"trc/owner": "app"},
    )


def derived_table(
    domain: str, name: str, description: str, *, deps: Sequence[StepAsset | dg.AssetSpec]
) -> dg.AssetSpec:
    """A table that steps write beside their own, so that lineage passes through it."""
    return dg.AssetSpec(
        dg.AssetKey([domain, name]),
        description=description,
        group_name=domain,
        deps=[dep.key for dep in deps],
        kinds={"postgres"},
        owners=[f"team:{domain}"],
        metadata={"dagster/table_name": f"{domain}.{name}"},
    )


def step_asset(
    domain: str,
    *,
    deps: Sequence[StepAsset | dg.AssetSpec],
    max_age_minutes: int,
    partitions: Callable[[date], dg.PartitionsDefinition] | None = None,
    depends_on_day_before: bool = False,
    kinds: set[str] | None = None,
    blocking_checks: dict[str, str] | None = None,
    prepare: Callable[[Transaction, Settings, Options], Any] | None = None,
    others_go_on: bool = False,
) -> Callable[[Callable[[Work], Result]], StepAsset]:
    """Make a step of the decorated function, and an asset of the step; its docstring describes both.

    Args:
        max_age_minutes: older than this the asset's badge in the UI turns red.
        depends_on_day_before: each day builds on its own previous day.
        blocking_checks: verdicts the step gives itself; one that fails stops what is downstream.
        prepare: what it does before its transaction: see `contract.Step`.
        others_go_on: see `Step`. Nothing may depend on the asset itself, or it would be skipped;
            it runs before whatever else is ready.
    """

    def decorate(run: Callable[[Work], Result]) -> StepAsset:
        key = dg.AssetKey([domain, run.__name__])
        table = f"{domain}.{run.__name__}"
        step = Step(table, run, prepare=prepare, others_go_on=others_go_on)
        upstream: list[Any] = [dg.AssetDep(dep.key) for dep in deps]
        if depends_on_day_before:
            yesterday = dg.TimeWindowPartitionMapping(start_offset=-1, end_offset=-1)
            upstream.append(dg.AssetDep(key, partition_mapping=yesterday))

        checks = [
            dg.AssetCheckSpec(name, asset=key, blocking=True, description=description)
            for name, description in (blocking_checks or {}).items()
        ]

        def shell(
            context: dg.AssetExecutionContext, run_options: RunOptions
        ) -> dg.MaterializeResult:  # type: ignore[type-arg]  # Dagster wants it bare
            days = _partition_days(context) if partitions else None
            return _materialize(context, run_options.resolve(context, days), step)

        def build(first: date) -> dg.AssetsDefinition:
            return dg.asset(
                key=key,
                description=inspect.cleandoc(run.__doc__ or ""),
                group_name=domain,
                deps=upstream,
                partitions_def=partitions(first) if partitions else None,
                backfill_policy=dg.BackfillPolicy.single_run() if partitions else None,
                kinds=kinds or {"python", "postgres"},
                owners=[f"team:{domain}"],
                pool=domain,
                op_tags={"dagster/priority": "1"} if others_go_on else None,
                freshness_policy=dg.FreshnessPolicy.time_window(
                    fail_window=timedelta(minutes=max_age_minutes)
                ),
                metadata={"dagster/table_name": table},
                check_specs=checks,
            )(shell)

        return StepAsset(
            table,
            run,
            key,
            tuple(spec.key for spec in checks),
            build,
            partitions is not None,
            prepare=prepare,
            others_go_on=others_go_on,
        )

    return decorate


def build_job(job: Job) -> Any:
    """Dagster's form of a job."""
    return build_asset_job(
        job.name,
        cast("Sequence[StepAsset]", job.steps),
        f"{job.description} A limit counts one {job.unit} as one.",
    )


def build_asset_job(name: str, steps: Sequence[StepAsset], description: str) -> Any:
    """A job over the assets of some steps: bounded in time, without the audits of whole tables."""
    verdicts = [check for step in steps for check in step.checks]
    return dg.define_asset_job(
        name,
        selection=dg.AssetSelection.assets(*[step.key for step in steps]).without_checks()
        | dg.AssetSelection.checks(*verdicts),
        description=description,
        tags={
            TABLES_TAG: " ".join(step.table for step in steps),
            "dagster/max_runtime": str(MAX_RUNTIME_SECONDS),
        },
    )


def is_active(instance: dg.DagsterInstance, job_name: str) -> bool:
    """Whether a run of the job is waiting or running."""
    return bool(instance.get_runs(RunsFilter(job_name=job_name, statuses=ACTIVE), limit=1))


def build_schedule(job: Job, dagster_job: Any) -> dg.ScheduleDefinition:
    """A clock that asks for the days a tick stands for, and skips while the job is still running."""

    @dg.schedule(
        name=f"{job.name}_schedule",
        job=dagster_job,
        cron_schedule=job.cron,
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=job.description,
    )
    def tick(
        context: dg.ScheduleEvaluationContext,
    ) -> Iterator[dg.RunRequest | dg.SkipReason]:
        if is_active(context.instance, job.name):
            yield dg.SkipReason(
                f"{job.name} is still running; the next tick takes over what is left"
            )
            return
        as_of = context.scheduled_execution_time.astimezone(UTC)
        database, settings = connected()
        if not job.is_enabled(settings):
            yield dg.SkipReason(f"{job.name} is switched off by its settings")
            return
        first, last = ask_patiently(lambda: _days_of(database, settings, job, as_of))
        yield dg.RunRequest(
            run_key=as_of.isoformat(),
            tags=day_range_tags(first, last) | {AS_OF_TAG: as_of.isoformat()},
        )

    return tick


def ask_patiently(question: Callable[[], T]) -> T:
    """Ask the database again for a while when it is away: a tick that fails asks for no run.

    One that fails all the same is tried again by the scheduler (`max_tick_retries` in dagster.yaml).

    Raises:
        DatabaseError: it refuses, or is still away.
    """
    give_up_at = time.monotonic() + TICK_PATIENCE_SECONDS
    while True:
        try:
            return question()
        except DatabaseError as error:
            if not error.is_transient or time.monotonic() > give_up_at:
                raise
            time.sleep(TICK_PAUSE_SECONDS)


def _days_of(
    database: Database, settings: Settings, job: Job, as_of: datetime
) -> tuple[date, date]:
    with database.transaction(commit=False) as transaction:
        return job.days(transaction, settings, as_of)


def build_dry_run_job(jobs: Sequence[Job]) -> dg.JobDefinition:
    """One job that rehearses any other: the same code and figures, then everything is rolled back."""
    choices = {job.name: job for job in jobs}

    @dg.op(
        config_schema={
            "job": dg.Field(dg.Enum("job", [dg.EnumValue(name) for name in choices])),
            "as_of": dg.Field(str, is_required=False, description="2026-01-31T10:15:00Z"),
            "limit": dg.Field(int, is_required=False),
        },
        description="Runs every step of the chosen job on one transaction and rolls it back.",
    )
    def rehearse(context: dg.OpExecutionContext) -> None:
        config = context.op_config
        now = datetime.now(UTC)
        asked = config.get("as_of")
        options = Options(
            as_of=parse_moment(asked) if asked else now.replace(microsecond=0),
            now=now,
            run_id=context.run.run_id,
            executed_by="dagster",
            limit=config.get("limit"),
        )
        results = perform(
            *connected(context.run.run_id), choices[config["job"]], options, dry_run=True
        )
        for table, result in results.items():
            context.log.info(f"{table}: {result.message} {result.details}")
        context.add_output_metadata(
            {table: f"{result.message} {result.details}" for table, result in results.items()}
        )

    @dg.job(
        name="dry_run",
        description="Rehearse a job: choose it in the launchpad; nothing is written, nothing is sent.",
        tags={"dagster/max_runtime": str(MAX_RUNTIME_SECONDS)},
    )
    def dry_run() -> None:
        rehearse()

    return dry_run


def day_range_tags(first: date, last: date) -> dict[str, str]:
    """Run tags that ask for the daily partitions from `first` to `last` in a single run."""
    return {
        ASSET_PARTITION_RANGE_START_TAG: first.isoformat(),
        ASSET_PARTITION_RANGE_END_TAG: last.isoformat(),
    }


def new_run_id() -> str:
    """An id for a run that Dagster does not know."""
    return str(uuid.uuid4())


def _materialize(
    context: dg.AssetExecutionContext, options: Options, step: Step
) -> dg.MaterializeResult[Any]:
    database, settings = connected(context.run.run_id)
    # An asset that somebody materialises on its own is a job of its own.
    tables = context.run.tags.get(TABLES_TAG, step.table).split()
    with database.connect() as connection:
        run = Run(
            database,
            connection,
            settings,
            context.run.job_name if TABLES_TAG in context.run.tags else step.table,
            tables,
            day_of,
            options,
        )
        result = run.perform(step)
        with connection.transaction(commit=False) as transaction:
            schema, table = step.table.split(".")
            columns = transaction.read("jobs/select_columns", schema=schema, name=table)
    context.log.info(result.message)
    if options.verbose:
        context.log.info(f"figures: {result.details}")
    if not result.success and not result.checks:
        raise dg.Failure(result.message, metadata=result.details)
    return dg.MaterializeResult(
        metadata={
            **result.details,
            "message": result.message,
            "affected": result.affected,
            "dagster/row_count": result.rows,
            "dagster/column_schema": dg.TableSchema(
                [
                    dg.TableColumn(**column)  # type: ignore[arg-type]  # keys are the column names
                    for column in columns.to_dict("records")
                ]
            ),
        },
        check_results=[
            dg.AssetCheckResult(passed=passed, check_name=name, metadata=metadata)
            for name, (passed, metadata) in result.checks.items()
        ],
    )


def _partition_days(context: dg.AssetExecutionContext) -> tuple[date, date]:
    keys = context.partition_key_range
    return date.fromisoformat(keys.start), date.fromisoformat(keys.end)
