"""Boards of any domain, and their archive."""

from trc_pipelines.database.migrations import sql_file

revision = "0002_leaderboards"
down_revision = None
branch_labels = "leaderboards"
depends_on = "0001_operations"
upgrade = sql_file(revision)
