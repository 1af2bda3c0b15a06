"""Dagster's side of the job contract: how a step becomes an asset, a job a schedule, a run its options.

Nothing here knows a domain. Assets, schedules and jobs made here run their steps through
`execution.Run`, as `trc run` does.
"""

import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any, Literal, TypeVar, cast, get_args, get_origin

import dagster as dg
from dagster import DagsterRunStatus, RunsFilter
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    SCHEDULE_NAME_TAG,
    SCHEDULED_EXECUTION_TIME_TAG,
    SENSOR_NAME_TAG,
)
from pydantic.fields import FieldInfo

from trc_pipelines.database.connection import Database, DatabaseError
from trc_pipelines.database.locate import locate_database
from trc_pipelines.jobs.asset_metadata import (
    asset_key,
    column_lineage,
    declared_metadata,
    show_step,
)
from trc_pipelines.jobs.contract import (
    Action,
    Job,
    Options,
    Relation,
    Step,
    Trigger,
    day_of,
)
from trc_pipelines.jobs.execution import Run, perform
from trc_pipelines.settings import Settings, load_settings
from trc_pipelines.words import list_figures

# Single-run backfills are beta in the pinned release. We rely on them, and the scenarios cover them.
warnings.filterwarnings("ignore", category=dg.BetaWarning)
# Where days are shared by workers, points and boards are, and streaks are not: it is meant.
warnings.filterwarnings("ignore", message=".*varying BackfillPolicies")

T = TypeVar("T")

AS_OF_TAG = "trc/as_of"
EXECUTED_BY_TAG = "trc/executed_by"
DRY_RUN_OF_TAG = "trc/dry_run_of"
# What Dagster puts on runs that no person asked for.
DUE_TAGS = {SCHEDULE_NAME_TAG, SENSOR_NAME_TAG}
TABLES = "tables"
MAX_RUNTIME_SECONDS = 3600
# The daemon allows a tick one minute, and a connection that gets no answer takes up to 15 s of it.
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
        """Build the options of this run: config first, then the schedule's tick, then the clock."""
        tags = context.run.tags
        return Options.of_now(
            tags.get(EXECUTED_BY_TAG) or tags.get("dagster/schedule_name", "dagster"),
            as_of=self.as_of or as_of_tag(tags),
            run_id=context.run.run_id,
            limit=self.limit,
            verbose=self.verbose,
            days=days,
            are_days_due=not DUE_TAGS.isdisjoint(tags),
        )


@cache
def connected(run_id: str | None = None) -> tuple[Database, Settings]:
    """Give the database and the settings of this process.

    Args:
        run_id: the sessions are named after it; they show that the run is alive.
    """
    settings = load_settings()
    database = locate_database(settings)
    if run_id is None:
        return database, settings
    return replace(database, application_name=session_name(run_id)), settings


def session_name(run_id: str) -> str:
    """Name the sessions of a run, which show that it is alive."""
    return f"trc run {run_id}"


def as_of_tag(tags: Mapping[str, str]) -> str | None:
    """Find the logical time a run was asked for: the tick of its schedule, or what else it was given."""
    return tags.get(AS_OF_TAG) or tags.get(SCHEDULED_EXECUTION_TIME_TAG)


def daily_partitions(first: date) -> dg.DailyPartitionsDefinition:
    """Make a partition of every day from the first to the open one, whose figures are provisional."""
    start = datetime.combine(first, datetime.min.time())
    return dg.DailyPartitionsDefinition(start_date=start, timezone="UTC", end_offset=1)


def build_spec(relation: Relation) -> dg.AssetSpec:
    """Show what no step makes its own, so that lineage starts at the app and passes through."""
    key = asset_key(relation)
    domain = key.path[0]
    return dg.AssetSpec(
        key,
        description=relation.description,
        # What the app keeps stands apart, so that lineage opens on: the app, and what is made of it.
        group_name=domain if relation.deps else f"{domain}_app",
        deps=[asset_key(dep) for dep in relation.deps],
        kinds={"postgres"} if relation.is_table else set(),
        owners=[f"team:{domain}"],
        metadata=declared_metadata(relation) if relation.is_table else {},
        tags={} if relation.deps else {"trc/owner": "app"},
    )


def build_asset(
    step: Step,
    days: dg.PartitionsDefinition,
    beside: Sequence[Relation] = (),
    days_per_run: int | None = None,
) -> dg.AssetsDefinition:
    """Make the asset of a step: a shell that runs it through the contract.

    Args:
        beside: what the step writes beside its own table.
        days_per_run: how many days a run of a backfill takes where days are independent. None: all.
    """
    key = asset_key(step)
    domain = key.path[0]
    is_spread = step.has_independent_days and days_per_run is not None
    upstream = [dg.AssetDep(asset_key(dep)) for dep in step.deps]
    if step.needs_day_before:
        yesterday = dg.TimeWindowPartitionMapping(start_offset=-1, end_offset=-1)
        upstream.append(dg.AssetDep(key, partition_mapping=yesterday))

    @dg.asset(
        key=key,
        description=step.description,
        group_name=domain,
        deps=upstream,
        partitions_def=days if step.is_daily else None,
        # One run for all days where nothing says in how many.
        backfill_policy=dg.BackfillPolicy(days_per_run if is_spread else None)
        if step.is_daily
        else None,
        kinds=set(step.kinds),
        owners=[f"team:{domain}"],
        # A domain's runs wait for each other in the queue. Where runs of different days are wanted at
        # once, the locks of the days are what makes those of one day wait.
        pool=None if is_spread else domain,
        # The others work without its success on what is known: it runs first, so that they know more.
        op_tags={"dagster/priority": "1"} if step.others_go_on else None,
        freshness_policy=dg.FreshnessPolicy.time_window(fail_window=step.max_age),
        metadata=declared_metadata(step) | _link_to_source(step),
        check_specs=[
            dg.AssetCheckSpec(name, asset=key, blocking=True, description=description)
            for name, description in step.verdicts.items()
        ],
    )
    def shell(context: dg.AssetExecutionContext, run_options: RunOptions) -> dg.MaterializeResult:  # type: ignore[type-arg]  # Dagster wants it bare
        chosen = _partition_days(context) if step.is_daily else None
        return _materialize(context, run_options.resolve(context, chosen), step, beside)

    return shell


def _link_to_source(step: Step) -> dict[str, Any]:
    """Where the step is written: the UI opens it in an editor."""
    code = step.run.__code__
    where = dg.LocalFileCodeReference(
        file_path=code.co_filename, line_number=code.co_firstlineno, label=step.table
    )
    references = dg.CodeReferencesMetadataValue(code_references=[where])
    return {"dagster/code_references": references}


def build_job(job: Job) -> Any:
    """Make Dagster's form of a job: bounded in time, without the checks that audit entire tables."""
    verdicts = [
        dg.AssetCheckKey(asset_key(step), name) for step in job.steps for name in step.verdicts
    ]
    counted = f"A limit counts {' or '.join(job.units)}s." if job.units else "It takes no limit."
    return dg.define_asset_job(
        job.name,
        selection=dg.AssetSelection.assets(*map(asset_key, job.steps)).without_checks()
        | dg.AssetSelection.checks(*verdicts),
        description=f"{job.description} {counted}",
        metadata={TABLES: dg.JsonMetadataValue(job.tables)},
        tags={"dagster/max_runtime": str(MAX_RUNTIME_SECONDS)},
    )


def is_active(instance: dg.DagsterInstance, job_name: str) -> bool:
    """Whether a run of the job is waiting or running."""
    return bool(instance.get_runs(RunsFilter(job_name=job_name, statuses=ACTIVE), limit=1))


def build_schedule(job: Job, dagster_job: Any) -> dg.ScheduleDefinition:
    """Make the schedule of a job: it asks for the days of a tick, and skips while the job runs."""

    @dg.schedule(
        name=f"{job.name}_schedule",
        job=dagster_job,
        cron_schedule=job.cron or "",
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
            tags=day_range_tags(first, last) if job.is_daily else {},
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
        return job.days_at(transaction, settings, as_of)


def build_trigger(trigger: Trigger, dagster_job: Any) -> dg.SensorDefinition:
    """Make a sensor that asks for a run when something is due, unless one is on its way already."""

    @dg.sensor(
        name=trigger.name,
        job=dagster_job,
        minimum_interval_seconds=int(trigger.every.total_seconds()),
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=trigger.description,
    )
    def look(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        if is_active(context.instance, trigger.job.name):
            yield dg.SkipReason(
                f"{trigger.job.name} is running; the next look decides whether more is needed"
            )
            return
        now = datetime.now(UTC).replace(microsecond=0)
        database, settings = connected()
        with database.transaction(commit=False) as transaction:
            due = trigger.find_due(transaction, settings, now)
        if isinstance(due, str):
            yield dg.SkipReason(due)
            return
        yield dg.RunRequest(
            run_key=_key_of_attempt(now, trigger.patience) if trigger.patience else None,
            tags={AS_OF_TAG: now.isoformat()}
            | (day_range_tags(*due) if trigger.job.is_daily else {}),
        )

    return look


def build_follower(job: Job, step: Step, dagster_job: Any) -> dg.SensorDefinition:
    """Make a sensor that asks for a job whenever a step has written its table."""

    @dg.asset_sensor(
        name=f"{step.domain}_{job.name.removeprefix('leaderboard_')}_sensor",
        asset_key=asset_key(step),
        job=dagster_job,
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"{job.description} Right after {step.table} is written.",
    )
    def look(
        _context: dg.SensorEvaluationContext, event: dg.EventLogEntry
    ) -> Iterator[dg.RunRequest | dg.SkipReason]:
        _database, settings = connected()
        if job.is_enabled(settings):
            yield dg.RunRequest(run_key=event.run_id)
        else:
            yield dg.SkipReason(f"{job.name} is switched off by its settings")

    return look


def build_dry_run_job(jobs: Sequence[Job]) -> dg.JobDefinition:
    """Make one job that runs any other without a trace: the same code and figures, then rolled back."""
    choices = {job.name: job for job in jobs}
    # Dagster knows a type by its name, whatever other definitions the process has made.
    domains = sorted({step.domain for job in jobs for step in job.steps})
    job_type = dg.Enum(f"job_of_{'_'.join(domains)}", [dg.EnumValue(name) for name in choices])
    # What the launchpad opens with.
    config = {"ops": {"try_steps": {"config": {"job": jobs[0].name}}}}

    @dg.op(
        config_schema={
            "job": dg.Field(job_type),
            "as_of": dg.Field(str, is_required=False, description="2026-01-31T10:15:00Z"),
            "limit": dg.Field(int, is_required=False),
        },
        description="Runs every step of the chosen job on one transaction and rolls it back.",
    )
    def try_steps(context: dg.OpExecutionContext) -> None:
        config = context.op_config
        context.instance.add_run_tags(context.run.run_id, {DRY_RUN_OF_TAG: config["job"]})
        options = Options.of_now(
            "dagster",
            as_of=config.get("as_of"),
            run_id=context.run.run_id,
            limit=config.get("limit"),
        )
        results = perform(
            *connected(context.run.run_id), choices[config["job"]], options, dry_run=True
        )
        said = {
            table: f"{result.message} ({list_figures(result.details)})"
            for table, result in results.items()
        }
        for table, line in said.items():
            context.log.info(f"{table}: {line}")
        context.add_output_metadata(said)

    @dg.job(
        name="dry_run",
        description="Try a job: choose it in the launchpad; nothing is written, nothing is sent.",
        config=config,
        tags={"dagster/max_runtime": str(MAX_RUNTIME_SECONDS)},
    )
    def dry_run() -> None:
        try_steps()

    return dry_run


def build_action(action: Action) -> dg.JobDefinition:
    """Make a job of what a person does by hand: its arguments are filled in in the launchpad.

    What it opens with can be launched, and is refused: an empty text is no reason and nobody's id.
    """
    schema = {
        name: dg.Field(
            _config_type(action.name, name, about),
            is_required=about.is_required(),
            description=about.description,
        )
        for name, about in action.arguments.model_fields.items()
    }

    blanks = {
        name: _blank(about)
        for name, about in action.arguments.model_fields.items()
        if about.is_required()
    }

    @dg.op(name=f"{action.name}_by_hand", config_schema=schema)
    def act(context: dg.OpExecutionContext) -> None:
        arguments = action.arguments.model_validate(context.op_config)
        done = action.run(*connected(context.run.run_id), context.run.run_id, arguments)
        context.log.info(done)
        context.add_output_metadata({"done": done})

    @dg.job(
        name=action.name,
        description=action.description,
        config={"ops": {f"{action.name}_by_hand": {"config": blanks}}},
        tags={"dagster/max_runtime": str(MAX_RUNTIME_SECONDS)},
    )
    def by_hand() -> None:
        act()

    return by_hand


def day_range_tags(first: date, last: date) -> dict[str, str]:
    """Make the run tags that ask for the daily partitions from `first` to `last` in a single run."""
    return {
        ASSET_PARTITION_RANGE_START_TAG: first.isoformat(),
        ASSET_PARTITION_RANGE_END_TAG: last.isoformat(),
    }


def _materialize(
    context: dg.AssetExecutionContext,
    options: Options,
    step: Step,
    beside: Sequence[Relation],
) -> dg.MaterializeResult[Any]:
    database, settings = connected(context.run.run_id)
    # An asset that somebody materialises alone is recorded as a job named after its table.
    known = context.job_def.metadata.get(TABLES)
    name = step.table if known is None else context.run.job_name
    tables = [step.table] if known is None else cast("Sequence[str]", known.value)
    with database.connect() as connection:
        run = Run(database, connection, settings, name, tables, day_of, options)
        result = run.perform(step)
        context.log.info(result.message)
        if options.verbose:
            context.log.info(f"figures: {list_figures(result.details)}")
        try:
            with connection.transaction(commit=False) as transaction:
                show_step(context, transaction, options, step, result, beside)
        except DatabaseError as error:
            # What is committed has not failed.
            context.log.warning(f"the page of {step.table} shows less than it might: {error}")
    if not result.success and not result.verdicts:
        raise dg.Failure(result.message, metadata=result.details)
    return dg.MaterializeResult(
        metadata=column_lineage(step),
        check_results=[
            dg.AssetCheckResult(passed=passed, check_name=name, metadata=metadata)
            for name, (passed, metadata) in result.verdicts.items()
        ],
    )


def _key_of_attempt(now: datetime, patience: timedelta) -> str:
    return (now - (now - datetime.min.replace(tzinfo=UTC)) % patience).isoformat()


def _config_type(action: str, name: str, about: FieldInfo) -> Any:
    """Return Dagster's type of an argument: text, a number, yes or no, or one of some words."""
    kind = about.annotation
    if get_origin(kind) is Literal:
        return dg.Enum(f"{action}_{name}", [dg.EnumValue(word) for word in get_args(kind)])
    plain = [part for part in get_args(kind) if part is not type(None)] or [kind]
    return plain[0]


def _blank(about: FieldInfo) -> Any:
    """Return what a required argument says before somebody fills it in."""
    kind = about.annotation
    return get_args(kind)[0] if get_origin(kind) is Literal else kind() if kind else ""


def _partition_days(context: dg.AssetExecutionContext) -> tuple[date, date]:
    keys = context.partition_key_range
    return date.fromisoformat(keys.start), date.fromisoformat(keys.end)
