"""What users are told in the app, in the transaction of what happened."""

from datetime import datetime

import pandas as pd

from trc_pipelines.database.connection import Transaction


def notify(
    transaction: Transaction,
    user_ids: pd.Series,
    types: pd.Series,
    data: pd.DataFrame,
    *,
    dedupe_keys: pd.Series,
    at: datetime,
) -> int:
    """Write one notification per row; how many had not been written before.

    Args:
        data: what about, one column per field.
        dedupe_keys: what each is about, unique for a user.
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
