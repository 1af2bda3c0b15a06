"""Discord XP becomes points, streaks and leaderboards."""

from trc_pipelines.community import assets, jobs
from trc_pipelines.community.actions import REVIEW_SNAPSHOT
from trc_pipelines.community.boards import BOARDS
from trc_pipelines.community.checks import CHECKS
from trc_pipelines.community.conditions import find_conditions
from trc_pipelines.community.retention import TARGETS
from trc_pipelines.domain import Domain
from trc_pipelines.leaderboards.jobs import Boards

DOMAIN = Domain(
    "community",
    relations=assets.RELATIONS,
    jobs=jobs.JOBS,
    checks=CHECKS,
    retention=TARGETS,
    boards=Boards(
        assets.leaderboard_rankings, assets.leaderboard_archive, assets.leaderboard_cache, BOARDS
    ),
    actions=[REVIEW_SNAPSHOT],
    triggers=[jobs.LATE_POINTS],
    conditions=find_conditions,
)
