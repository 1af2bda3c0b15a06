"""Corrections and adjustments of bankrolls."""

from trc_pipelines.database.migrations import apply_file

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Apply the SQL file of the same name."""
    apply_file("0014_bankrolls")
