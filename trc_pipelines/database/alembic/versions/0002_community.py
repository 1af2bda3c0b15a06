"""The community domain."""

from trc_pipelines.database.migrations import apply_file

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Apply the SQL file of the same name."""
    apply_file("0002_community")
