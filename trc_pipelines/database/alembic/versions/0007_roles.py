"""Roles, ownership, what grows old."""

from trc_pipelines.database.migrations import apply_file

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Apply the SQL file of the same name."""
    apply_file("0007_roles")
