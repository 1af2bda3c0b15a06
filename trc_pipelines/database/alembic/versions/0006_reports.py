"""Pages and posts for people, over the domains that are switched on."""

from trc_pipelines.database.migrations import sql_file

revision = "0006_reports"
down_revision = None
branch_labels = "reports"
depends_on = "0001_operations"
upgrade = sql_file(revision)
