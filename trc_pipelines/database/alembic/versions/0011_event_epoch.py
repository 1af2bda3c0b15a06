"""Domain events know the cluster they were written in."""

from trc_pipelines.database.migrations import apply_file

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Apply the SQL file of the same name."""
    apply_file("0011_event_epoch")
