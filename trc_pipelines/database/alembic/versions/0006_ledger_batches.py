"""A chain of digests over the ledger."""

from trc_pipelines.database.migrations import apply_file

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Apply the SQL file of the same name."""
    apply_file("0006_ledger_batches")
