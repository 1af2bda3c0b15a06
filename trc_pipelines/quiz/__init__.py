"""A quiz game: lives, streaks with protections, sessions, boards of XP."""

from trc_pipelines.domain import Domain
from trc_pipelines.leaderboards.jobs import Boards
from trc_pipelines.quiz import assets, jobs
from trc_pipelines.quiz.boards import BOARDS
from trc_pipelines.quiz.checks import CHECKS
from trc_pipelines.quiz.retention import TARGETS

DOMAIN = Domain(
    "quiz",
    relations=assets.RELATIONS,
    steps=assets.STEPS,
    jobs=jobs.JOBS,
    checks=CHECKS,
    retention=TARGETS,
    boards=Boards(
        assets.leaderboard_rankings, assets.leaderboard_archive, assets.leaderboard_cache, BOARDS
    ),
)
