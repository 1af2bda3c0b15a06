"""What is read of MEE6."""

from trc_pipelines.database.migrations import apply_file

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Apply the SQL file of the same name."""
    apply_file("0013_readings")
