"""The quiz domain."""

from trc_pipelines.database.migrations import apply_file

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Apply the SQL file of the same name."""
    apply_file("0008_quiz")
