"""What every domain stands on."""

from trc_pipelines.database.migrations import sql_file

revision = "0001_operations"
down_revision = None
branch_labels = "operations"
upgrade = sql_file(revision)
