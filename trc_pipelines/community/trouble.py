"""What may be wrong with the sync beyond failing runs: what waits for a person."""

from trc_pipelines.database.connection import Transaction
from trc_pipelines.operations.alerts import Condition

SUBJECT = "mee6_sync"


def quarantined(sync_id: int, findings: str) -> Condition:
    """A reading nobody should believe without looking."""
    return Condition(
        "quarantined",
        SUBJECT,
        "error",
        f"Sync {sync_id} waits for a decision, and no points move until then: {findings}. "
        f"Look: trc snapshots show {sync_id}. Then approve, rebaseline or discard it.",
    )


def refused(error: str) -> Condition:
    """MEE6 does not let us read, and asking again cannot help."""
    return Condition("refused", SUBJECT, "error", f"MEE6 refuses: {error}")


def blocked(said: str) -> Condition:
    """MEE6 asked us to stay away, and nothing was read since."""
    return Condition(
        "blocked",
        SUBJECT,
        "warning",
        f"{said}. Nothing is read until then; what members gain meanwhile counts with the next "
        "reading. Do not ask by hand, which prolongs it; see whether something else asks MEE6 from "
        "this address.",
    )


def find_conditions(transaction: Transaction) -> list[Condition]:
    """What waits for a person now."""
    waiting = transaction.read_row("community/select_waiting_sync")
    error = transaction.read_value("community/select_refusal")
    block = transaction.read_value("community/select_lasting_block")
    return [
        *([quarantined(waiting["sync_id"], waiting["findings"])] if waiting else []),
        *([refused(error)] if error else []),
        *([blocked(block)] if block else []),
    ]
