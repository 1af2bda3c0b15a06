"""Discord XP becomes points, streaks and leaderboards."""

from trc_pipelines.community.actions import REVIEW_SNAPSHOT
from trc_pipelines.community.boards import BOARDS
from trc_pipelines.community.charts import SECTION, WEEKLY_POST
from trc_pipelines.community.checks import CHECKS
from trc_pipelines.community.conditions import find_conditions
from trc_pipelines.community.jobs import JOBS, LATE_POINTS
from trc_pipelines.community.relations import APP_RELATIONS, NAME, shown_members
from trc_pipelines.community.retention import TARGETS
from trc_pipelines.community.steps.daily_growth import BESIDE
from trc_pipelines.community.steps.daily_streaks import streak_lengths
from trc_pipelines.community.steps.leaderboard_archive import leaderboard_archive
from trc_pipelines.community.steps.leaderboard_cache import leaderboard_cache
from trc_pipelines.community.steps.leaderboard_rankings import leaderboard_rankings
from trc_pipelines.community.steps.mee6_leaderboard_snapshot import mee6_syncs
from trc_pipelines.community.steps.write_back import write_back
from trc_pipelines.domain import Domain
from trc_pipelines.leaderboards.jobs import Boards

DOMAIN = Domain(
    NAME,
    app_relations=APP_RELATIONS,
    relations=[mee6_syncs, streak_lengths, *BESIDE],
    jobs=JOBS,
    checks=CHECKS,
    retention=TARGETS,
    section=SECTION,
    weekly_post=WEEKLY_POST,
    boards=Boards(leaderboard_rankings, leaderboard_archive, leaderboard_cache, BOARDS),
    actions=[REVIEW_SNAPSHOT],
    triggers=[LATE_POINTS],
    conditions=find_conditions,
    write_back=write_back,
    shown={"community/compare_shown_members": shown_members},
)
