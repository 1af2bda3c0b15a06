"""What the code location holds: lists only."""

from datetime import date
from functools import cache

import dagster as dg

from trc_pipelines.betting import assets as betting_assets
from trc_pipelines.betting import checks as betting_checks
from trc_pipelines.betting import correction_jobs as betting_correction_jobs
from trc_pipelines.betting import jobs as betting_jobs
from trc_pipelines.betting import retention as betting_retention
from trc_pipelines.betting import sensors as betting_sensors
from trc_pipelines.community import assets as community_assets
from trc_pipelines.community import checks as community_checks
from trc_pipelines.community import conditions as community_conditions
from trc_pipelines.community import jobs as community_jobs
from trc_pipelines.community import retention as community_retention
from trc_pipelines.community import review_job as community_review_job
from trc_pipelines.community import sensors as community_sensors
from trc_pipelines.community.boards import BOARDS as COMMUNITY_BOARDS
from trc_pipelines.jobs.checks import HOURLY, build_check, build_check_job
from trc_pipelines.jobs.orchestration import (
    RunOptions,
    build_dry_run_job,
    build_job,
    build_schedule,
)
from trc_pipelines.leaderboards.jobs import BoardSteps, build_board_jobs
from trc_pipelines.leaderboards.sensors import build_cache_sensor, build_closing_sensor
from trc_pipelines.monitoring.housekeeping import build_housekeeping, build_purges
from trc_pipelines.monitoring.sensors import (
    build_alerts_sensor,
    build_checks_sensor,
    build_health_sensor,
    build_heartbeat_sensor,
    build_runs_sensor,
)
from trc_pipelines.quiz import assets as quiz_assets
from trc_pipelines.quiz import checks as quiz_checks
from trc_pipelines.quiz import jobs as quiz_jobs
from trc_pipelines.quiz import retention as quiz_retention
from trc_pipelines.quiz.boards import BOARDS as QUIZ_BOARDS
from trc_pipelines.settings import load_settings

(
    LEADERBOARD_RECALCULATION,
    LEADERBOARD_WEEKLY_RESET,
    LEADERBOARD_MONTHLY_RESET,
    LEADERBOARD_CACHE,
) = BOARD_JOBS = build_board_jobs(
    [
        BoardSteps(
            domain.leaderboard_rankings, domain.leaderboard_archive, domain.leaderboard_cache
        )
        for domain in (community_assets, quiz_assets)
    ]
)
PURGES = build_purges(
    [*community_retention.TARGETS, *quiz_retention.TARGETS, *betting_retention.TARGETS]
)
JOBS = [
    *community_jobs.JOBS,
    *quiz_jobs.JOBS,
    *BOARD_JOBS,
    *betting_jobs.JOBS,
    build_housekeeping(PURGES),
]
# What `trc run all` runs: never a reset, never a cleanup.
JOBS_OF_ALL = [
    betting_jobs.CONTENT_EXPIRATION,
    betting_jobs.GAME_SETTLEMENT,
    betting_jobs.STATS_ROLLUP,
    betting_jobs.BADGE_CALCULATION,
]
STEPS = [*community_assets.STEPS, *quiz_assets.STEPS, *betting_assets.STEPS, PURGES]
CHECKS = [*community_checks.CHECKS, *quiz_checks.CHECKS, *betting_checks.CHECKS]
CONDITIONS = [community_conditions.find_conditions]

jobs = {job.name: build_job(job) for job in JOBS}
verification = build_check_job("verification", CHECKS, "Audit every invariant, as trc verify does.")
hourly_checks = build_check_job(
    "hourly_checks",
    [check for check in CHECKS if check.every == HOURLY],
    "Audit the invariants that cost little, or are money.",
)

# All but the assets of steps: these wait for the day on which partitions begin.
DECLARED = dg.Definitions(
    assets=[
        *community_assets.APP_TABLES,
        *quiz_assets.APP_TABLES,
        *betting_assets.APP_TABLES,
        *community_assets.DERIVED_TABLES,
        *betting_assets.DERIVED_TABLES,
    ],
    asset_checks=[build_check(check) for check in CHECKS],
    jobs=[
        *jobs.values(),
        community_sensors.recompute_days,
        community_review_job.review_snapshot,
        betting_correction_jobs.resettle,
        betting_correction_jobs.bankroll_adjustment,
        verification,
        hourly_checks,
        build_dry_run_job(JOBS),
    ],
    schedules=[
        *[build_schedule(job, jobs[job.name]) for job in JOBS],
        dg.ScheduleDefinition(
            job=verification,
            cron_schedule="30 4 * * *",
            default_status=dg.DefaultScheduleStatus.RUNNING,
        ),
        dg.ScheduleDefinition(
            job=hourly_checks,
            cron_schedule="40 * * * *",
            default_status=dg.DefaultScheduleStatus.RUNNING,
        ),
    ],
    sensors=[
        community_sensors.late_points_sensor,
        *[
            build_closing_sensor(boards, jobs[LEADERBOARD_WEEKLY_RESET.name])
            for boards in (COMMUNITY_BOARDS, QUIZ_BOARDS)
        ],
        *[
            build_cache_sensor(domain.leaderboard_rankings.key, jobs[LEADERBOARD_CACHE.name])
            for domain in (community_assets, quiz_assets)
        ],
        betting_sensors.build_reset_sensor(jobs[betting_jobs.BANKROLL_RESET.name]),
        build_runs_sensor(JOBS),
        build_health_sensor(JOBS, CONDITIONS, CHECKS),
        build_checks_sensor(CHECKS),
        build_alerts_sensor(JOBS),
        build_heartbeat_sensor(JOBS),
    ],
    resources={"run_options": RunOptions.configure_at_launch()},
    executor=dg.in_process_executor,
)


@cache
def build_definitions(first_day: date) -> dg.Definitions:
    """Everything, with daily partitions from `first_day` on."""
    steps = dg.Definitions(assets=[step.build(first_day) for step in STEPS])
    return dg.Definitions.merge(DECLARED, steps)


@dg.definitions
def defs() -> dg.Definitions:
    """What Dagster's own processes load: the only place where loading code reads the settings."""
    return build_definitions(load_settings().community_start_on)
