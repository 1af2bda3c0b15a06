"""The betting domain."""

from trc_pipelines.database.migrations import apply_file

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Apply the SQL file of the same name."""
    apply_file("0009_betting")
