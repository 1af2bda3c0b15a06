"""What may be wrong with the sync beyond failing runs: what waits for a person."""

from typing import Any

from trc_pipelines.database.connection import Transaction
from trc_pipelines.operations.alerts import Condition

SUBJECT = "mee6_sync"
SHOWN = 10


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


def rejected(transactions: list[dict[str, Any]]) -> Condition:
    """Awards of the app that cannot be posted, or are no longer what was posted."""
    return Condition(
        "rejected",
        "point_transactions",
        "error",
        f"{len(transactions)} awards of the app are set aside: "
        + _some([f"{each['transaction_id']}: {each['reason']}" for each in transactions])
        + ". All others are posted. Mend them in the app; the next sync looks at them again. "
        "The list: community.rejected_transactions.",
    )


def ambiguous(accounts: list[dict[str, Any]]) -> Condition:
    """Discord accounts that several members claim."""
    return Condition(
        "ambiguous",
        "members",
        "error",
        f"{len(accounts)} Discord accounts are linked to several members and count for none: "
        + _some([str(each["discord_id"]) for each in accounts])
        + ". Unlink all but one in the app; counting starts anew then.",
    )


def _some(items: list[str]) -> str:
    more = f" and {len(items) - SHOWN} more" if len(items) > SHOWN else ""
    return ", ".join(items[:SHOWN]) + more


def find_conditions(transaction: Transaction) -> list[Condition]:
    """What waits for a person now."""
    awards = transaction.read_rows("community/select_rejected_transactions")
    accounts = transaction.read_rows("community/select_ambiguous_accounts")
    waiting = transaction.read_row("community/select_waiting_sync")
    error = transaction.read_value("community/select_refusal")
    return [
        *([quarantined(waiting["sync_id"], waiting["findings"])] if waiting else []),
        *([refused(error)] if error else []),
        *([rejected(awards)] if awards else []),
        *([ambiguous(accounts)] if accounts else []),
    ]
