"""Monitoring: failed checks, heartbeats, skips."""

from trc_pipelines.database.migrations import apply_file

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Apply the SQL file of the same name."""
    apply_file("0010_monitoring")
