"""What users are notified of and apps are sent, in the transaction of what happened."""

from collections.abc import Sequence
from datetime import datetime

import pandas as pd

from trc_pipelines.database.connection import Transaction
from trc_pipelines.jobs.contract import Work
from trc_pipelines.jobs.events import record_events


def notify(
    transaction: Transaction,
    user_ids: pd.Series,
    types: pd.Series,
    data: pd.DataFrame,
    *,
    dedupe_keys: pd.Series,
    at: datetime,
) -> int:
    """Write one notification per row. One that was written before is not written again.

    Args:
        data: what about, one column per field.
        dedupe_keys: what each is about, unique for a user.

    Returns:
        How many were written.
    """
    if data.empty:
        return 0
    staged = pd.DataFrame(
        {
            "user_id": user_ids.to_numpy(),
            "type": types.to_numpy(),
            "data": data.to_json(
                orient="records", lines=True, date_format="iso", date_unit="us"
            ).splitlines(),
            "dedupe_key": dedupe_keys.to_numpy(),
        }
    )
    transaction.stage("staged_notifications", staged)
    return int(transaction.read_value("betting/insert_notifications", as_of=at))


def record(
    work: Work, event_type: str, payloads: pd.DataFrame, keys: pd.Series | Sequence[str]
) -> None:
    """Write one domain event per row.

    Args:
        payloads: one column per field.
        keys: what each happened to, unique within the event type.
    """
    record_events(
        work.transaction,
        event_type,
        payloads,
        dedupe_keys=pd.Series(keys, dtype="str"),
        occurred_at=work.as_of,
        run_id=work.options.run_id,
    )


def record_changes(work: Work, event_type: str, payloads: pd.DataFrame, what: pd.Series) -> None:
    """Write one domain event per change as of now, also of what has changed at this tick before.

    Args:
        payloads: one column per field.
        what: what changed. The run that writes the changes finds each once, and nobody else writes
            them meanwhile.
    """
    if payloads.empty:
        return
    keys = what + f":{work.as_of.isoformat()}"
    told = work.transaction.read(
        "betting/count_told_changes", dedupe_keys=(f"{event_type}:" + keys).tolist()
    )["times"].set_axis(keys.index)
    again = keys + ":" + (told + 1).astype("str")
    record(work, event_type, payloads, keys.mask(told > 0, again))
