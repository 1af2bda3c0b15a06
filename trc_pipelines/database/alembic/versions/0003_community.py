"""Discord XP becomes points, streaks and leaderboards."""

from trc_pipelines.database.migrations import sql_file

revision = "0003_community"
down_revision = None
branch_labels = "community"
depends_on = "0002_leaderboards"
upgrade = sql_file(revision)
