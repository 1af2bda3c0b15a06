"""A social betting app: content, bankrolls, settlement, badges, statistics, cleanup."""

from trc_pipelines.betting import jobs, relations
from trc_pipelines.betting.actions import ACTIONS
from trc_pipelines.betting.checks import CHECKS
from trc_pipelines.betting.retention import TARGETS
from trc_pipelines.domain import Domain

DOMAIN = Domain(
    "betting",
    relations=relations.RELATIONS,
    jobs=jobs.JOBS,
    checks=CHECKS,
    retention=TARGETS,
    actions=ACTIONS,
    triggers=[jobs.LATE_RESET],
    run_all=[
        jobs.CONTENT_EXPIRATION, jobs.GAME_SETTLEMENT, jobs.STATS_ROLLUP, jobs.BADGE_CALCULATION,
    ],
)  # fmt: skip
