"""A quiz game: lives, streaks with protections, sessions, boards of XP."""

from trc_pipelines.domain import Domain
from trc_pipelines.leaderboards.jobs import Boards
from trc_pipelines.quiz.boards import BOARDS
from trc_pipelines.quiz.charts import SECTION
from trc_pipelines.quiz.checks import CHECKS
from trc_pipelines.quiz.jobs import JOBS
from trc_pipelines.quiz.relations import APP_RELATIONS, NAME, shown_players
from trc_pipelines.quiz.retention import TARGETS
from trc_pipelines.quiz.steps.daily_totals import hourly_sessions
from trc_pipelines.quiz.steps.leaderboard_archive import leaderboard_archive
from trc_pipelines.quiz.steps.leaderboard_cache import leaderboard_cache
from trc_pipelines.quiz.steps.leaderboard_rankings import leaderboard_rankings
from trc_pipelines.quiz.steps.write_back import write_back

DOMAIN = Domain(
    NAME,
    app_relations=APP_RELATIONS,
    relations=[hourly_sessions],
    write_back=write_back,
    shown={"quiz/compare_shown_players": shown_players},
    jobs=JOBS,
    checks=CHECKS,
    retention=TARGETS,
    section=SECTION,
    boards=Boards(leaderboard_rankings, leaderboard_archive, leaderboard_cache, BOARDS),
)
