"""A betting app: bets, bankrolls, badges, content."""

from trc_pipelines.database.migrations import sql_file

revision = "0005_betting"
down_revision = None
branch_labels = "betting"
depends_on = "0001_operations"
upgrade = sql_file(revision)
