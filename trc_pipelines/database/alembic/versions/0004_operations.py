"""Events, incidents, alerts, the state of every job."""

from trc_pipelines.database.migrations import apply_file

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Apply the SQL file of the same name."""
    apply_file("0004_operations")
