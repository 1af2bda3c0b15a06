"""What Dagster loads: the definitions of every domain that is switched on."""

from datetime import date
from functools import cache

import dagster as dg

from trc_pipelines.domains import Catalogue, load_domains
from trc_pipelines.jobs.checks import HOURLY
from trc_pipelines.jobs.orchestration import (
    RunOptions,
    build_action,
    build_asset,
    build_dry_run_job,
    build_follower,
    build_job,
    build_schedule,
    build_spec,
    build_trigger,
    daily_partitions,
)
from trc_pipelines.monitoring import sensors
from trc_pipelines.monitoring.checks import build_check, build_check_job, build_check_schedule
from trc_pipelines.settings import KNOWN_DOMAINS, Settings, load_settings

VERIFICATION = "verification"


def build_definitions(settings: Settings) -> dg.Definitions:
    """Build the assets, checks, jobs, schedules and sensors of what the settings switch on."""
    return _build_definitions(
        settings.domains,
        settings.write_back,
        settings.community_start_on,
        settings.backfill_days_per_run,
        settings.run_launcher,
    )


@cache
def _build_definitions(
    domains: tuple[str, ...],
    written_back: tuple[str, ...],
    start_on: date,
    days_per_run: int | None,
    launcher: str,
) -> dg.Definitions:
    names = [name for name in KNOWN_DOMAINS if name in domains]
    catalogue = Catalogue(load_domains(names), written_back)
    checks = catalogue.checks
    days = daily_partitions(start_on)
    jobs = {job.name: build_job(job) for job in catalogue.jobs}
    verification = build_check_job(
        VERIFICATION, checks, "Audit every invariant, as trc verify does."
    )
    hourly_checks = build_check_job(
        "hourly_checks",
        [check for check in checks if check.every == HOURLY],
        "Audit the invariants that cost little, or are money.",
    )
    return dg.Definitions(
        assets=[
            *[build_spec(relation) for relation in catalogue.relations],
            *[
                build_asset(step, days, catalogue.written_beside(step), days_per_run)
                for step in catalogue.steps
            ],
        ],
        asset_checks=[build_check(check) for check in checks],
        jobs=[
            *jobs.values(),
            *[build_action(action) for action in catalogue.actions],
            verification,
            hourly_checks,
            build_dry_run_job(catalogue.jobs),
        ],
        schedules=[
            *[build_schedule(job, jobs[job.name]) for job in catalogue.jobs if job.cron],
            build_check_schedule(verification, "30 4 * * *"),
            build_check_schedule(hourly_checks, "40 * * * *"),
        ],
        sensors=[
            *[build_trigger(trigger, jobs[trigger.job.name]) for trigger in catalogue.triggers],
            *[
                build_follower(job, step, jobs[job.name])
                for job in catalogue.jobs
                for step in job.after
            ],
            sensors.build_runs_sensor(catalogue.jobs, launcher),
            sensors.build_health_sensor(catalogue.jobs, catalogue.conditions, checks),
            sensors.build_checks_sensor(checks),
            sensors.build_alerts_sensor(catalogue.jobs),
            sensors.build_heartbeat_sensor(catalogue.jobs),
        ],
        resources={"run_options": RunOptions.configure_at_launch()},
        executor=dg.in_process_executor,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """Give Dagster's own processes what they load: only here does loading code read the settings."""
    return build_definitions(load_settings())
