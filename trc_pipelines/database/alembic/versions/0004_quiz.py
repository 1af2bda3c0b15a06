"""A quiz game: lives, streaks, sessions and boards."""

from trc_pipelines.database.migrations import sql_file

revision = "0004_quiz"
down_revision = None
branch_labels = "quiz"
depends_on = "0002_leaderboards"
upgrade = sql_file(revision)
