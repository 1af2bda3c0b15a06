"""What the code location holds: lists only."""

import dagster as dg

from trc_pipelines.community import assets as community_assets
from trc_pipelines.community.jobs import JOBS as COMMUNITY_JOBS
from trc_pipelines.operations.orchestration import (
    RunOptions,
    build_dry_run_job,
    build_job,
    build_schedule,
)

JOBS = [*COMMUNITY_JOBS]
DAGSTER_JOBS = {job.name: build_job(job) for job in JOBS}

defs = dg.Definitions(
    assets=[*community_assets.APP_TABLES, *[step.asset for step in community_assets.STEPS]],
    jobs=[*DAGSTER_JOBS.values(), build_dry_run_job(JOBS)],
    schedules=[build_schedule(job, DAGSTER_JOBS[job.name]) for job in JOBS],
    resources={"run_options": RunOptions.configure_at_launch()},
    executor=dg.in_process_executor,
)
