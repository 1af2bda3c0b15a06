"""A social betting app: content, bankrolls, settlement, badges, statistics, cleanup."""

from trc_pipelines.betting import jobs
from trc_pipelines.betting.actions import ACTIONS
from trc_pipelines.betting.charts import SECTION
from trc_pipelines.betting.checks import CHECKS
from trc_pipelines.betting.relations import APP_RELATIONS, media_objects, shown_bets, shown_users
from trc_pipelines.betting.retention import TARGETS
from trc_pipelines.betting.steps.bankroll_ledger import bankroll_ledger, bankrolls
from trc_pipelines.betting.steps.write_back import write_back
from trc_pipelines.domain import Domain

DOMAIN = Domain(
    "betting",
    app_relations=[bankrolls if of.name == bankrolls.name else of for of in APP_RELATIONS],
    relations=[media_objects, bankroll_ledger],
    jobs=jobs.JOBS,
    checks=CHECKS,
    retention=TARGETS,
    section=SECTION,
    actions=ACTIONS,
    triggers=[jobs.LATE_RESET],
    write_back=write_back,
    shown={
        "betting/compare_shown_users": shown_users,
        "betting/compare_shown_bets": shown_bets,
    },
    run_all=[
        jobs.CONTENT_EXPIRATION, jobs.GAME_SETTLEMENT, jobs.STATS_ROLLUP, jobs.BADGE_CALCULATION,
    ],
)  # fmt: skip
