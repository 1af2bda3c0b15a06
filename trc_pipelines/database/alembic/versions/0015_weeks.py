"""Badges of a week that ended, statistics, late XP, leftovers."""

from trc_pipelines.database.migrations import apply_file

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Apply the SQL file of the same name."""
    apply_file("0015_weeks")
