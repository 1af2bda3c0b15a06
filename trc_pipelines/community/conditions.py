"""What may be wrong with the sync beyond failing runs: what waits for a person."""

from typing import Any

from trc_pipelines.database.connection import Transaction
from trc_pipelines.monitoring.alerts import Condition
from trc_pipelines.words import counted

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


def contested(member_ids: list[str]) -> str:
    """Members who claim one Discord account: nobody can say whose XP it is."""
    return "set aside, since another member claims the same Discord account: " + _some(member_ids)


def _unlink(member_ids: list[str]) -> str:
    return (
        f"Members are {contested(member_ids)}. Their XP is not counted, everybody else's is. "
        "Unlink the account from all but one in the app; XP gained until then counts for who had "
        "it before."
    )


def rejected(transactions: list[dict[str, Any]]) -> Condition:
    """Awards of the app that cannot be posted, or are no longer what was posted."""
    return Condition(
        "rejected",
        "point_transactions",
        "error",
        f"Set aside: {counted(len(transactions), 'awards of the app')}: "
        + _some(
            [f"{each['transaction_id'] or '(none)'}: {each['reason']}" for each in transactions]
        )
        + ". All others are posted. Mend them in the app; the next sync looks at them again. "
        "The list: community.rejected_transactions.",
    )


def _some(items: list[str]) -> str:
    more = f" and {len(items) - SHOWN} more" if len(items) > SHOWN else ""
    return ", ".join(items[:SHOWN]) + more


def find_conditions(transaction: Transaction) -> list[Condition]:
    """What waits for a person now."""
    awards = transaction.read_rows("community/select_rejected_transactions")
    waiting = transaction.read_row("community/select_waiting_sync")
    error = transaction.read_value("community/select_refusal")
    block = transaction.read_value("community/select_lasting_block")
    claims = transaction.read("community/select_contested_members")["member_id"].tolist()
    return [
        *([quarantined(waiting["sync_id"], waiting["findings"])] if waiting else []),
        *([refused(error)] if error else []),
        *([blocked(block)] if block else []),
        *([Condition("contested", "members", "warning", _unlink(claims))] if claims else []),
        *([rejected(awards)] if awards else []),
    ]
