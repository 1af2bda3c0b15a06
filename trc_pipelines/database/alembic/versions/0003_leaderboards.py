"""Boards of any domain: what stands now, and closed periods."""

from trc_pipelines.database.migrations import apply_file

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Apply the SQL file of the same name."""
    apply_file("0003_leaderboards")
