"""Quarantined syncs are reviewed by people."""

from trc_pipelines.database.migrations import apply_file

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Apply the SQL file of the same name."""
    apply_file("0005_reviews")
