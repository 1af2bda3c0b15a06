"""Domain events: what happened, for the apps that follow, recorded in the transaction in which it did."""

from datetime import datetime

import pandas as pd
import pyarrow as pa

from trc_pipelines.database.connection import Transaction

_INSTANT = pd.ArrowDtype(pa.timestamp("us"))


def record_events(
    transaction: Transaction,
    event_type: str,
    payloads: pd.DataFrame,
    *,
    dedupe_keys: pd.Series,
    occurred_at: datetime,
    run_id: str,
) -> int:
    """Write one event per row of `payloads`, unless it is recorded already.

    Args:
        payloads: one column per field; dates and times become ISO 8601.
        dedupe_keys: what each event happened to, unique within the event type.

    Returns:
        How many are new.
    """
    if payloads.empty:
        return 0
    times = payloads.select_dtypes("datetimetz")
    payloads = payloads.assign(**{str(name): _format_times(times[name]) for name in times})
    lines = payloads.to_json(
        orient="records", lines=True, date_format="iso", date_unit="us"
    ).splitlines()
    staged = pd.DataFrame({"dedupe_key": dedupe_keys.to_numpy(), "payload": lines})
    transaction.stage("staged_events", staged)
    return int(
        transaction.read_value(
            "jobs/insert_domain_events",
            event_type=event_type,
            occurred_at=occurred_at,
            run_id=run_id,
        )
    )


def _format_times(times: pd.Series) -> pd.Series:
    """Write instants as ISO 8601, in a third of the time that pandas takes for it in its JSON."""
    instants = times.dt.tz_convert("UTC").dt.tz_localize(None)
    texts: pd.Series = instants.astype(_INSTANT).dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    return texts
