"""What every domain stands on."""

from trc_pipelines.database.migrations import apply_file

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Apply the SQL file of the same name."""
    apply_file("0001_operations")
