"""Which awards of the app are posted to the point ledger, and under which key, so that none is awarded twice.

XP becomes entries in the database: `sql/community/post_xp.sql`.
"""

from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from trc_pipelines.calendar import midnight

DISCORD_ACTION = "discord_activity"
# No rule caps an award: this is where sums of them would leave the range of the database.
MOST_POINTS = 10**12
ERASED = "its member was erased: delete what the app still has of them"
# Clocks differ, and apps post-date a little; what lies further ahead is a mistake.
FUTURE = timedelta(days=1)


def entries_from_transactions(transactions: pd.DataFrame) -> pd.DataFrame:
    """Make ledger entries of points the app awarded itself.

    What the app adds to an award (metadata) stays in its own table: it may say who it is about.

    Args:
        transactions: transaction_id, account_id, action, points, created_at.
    """
    return _without_zeroes(
        pd.DataFrame(
            {
                "account_id": transactions["account_id"],
                "action": transactions["action"],
                "points": transactions["points"],
                "effective_at": transactions["created_at"],
                "effective_on": transactions["created_at"].dt.tz_localize(None).dt.normalize(),
                "source_key": "point_transactions:" + transactions["transaction_id"].astype(str),
                "sync_id": pd.array([pd.NA] * len(transactions), dtype="Int64"),
                "metadata": "{}",
            }
        )
    )


def judge_transactions(
    transactions: pd.DataFrame,
    *,
    as_of: datetime,
    now: datetime,
    cut_over_at: datetime | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tell which of the app's awards can be posted, and which are set aside for a person.

    An award dated ahead waits for its day: it is in neither.

    Args:
        transactions: transaction_id, member_id, action, points, created_at (NULL: unusable),
            is_posted (in the ledger already, with other contents), is_erased (so is its member).
        as_of: what is dated after its UTC day waits.
        now: the clock, by which a date is judged a mistake.
        cut_over_at: from then on XP is paid here, and not by an old job of the app.

    Returns:
        The rows to post, and the others with `reason`, one for each transaction_id.
    """
    created_at, points = transactions["created_at"], transactions["points"]
    reasons = {
        ERASED: transactions["is_erased"],
        "it was edited after it was posted": transactions["is_posted"],
        "it has no id": transactions["transaction_id"] == "",
        "its id is there twice": transactions["transaction_id"].duplicated(keep=False),
        "it has no member": transactions["member_id"].fillna("") == "",
        "it has no action": transactions["action"].fillna("") == "",
        f"its points are not within ±{MOST_POINTS}": ~points.between(-MOST_POINTS, MOST_POINTS),
        "its time is none": created_at.isna(),
        "its time is more than a day ahead": created_at > now + FUTURE,
    }
    if cut_over_at is not None:
        said = f"an old job paid XP after the cut-over ({cut_over_at:%Y-%m-%dT%H:%M:%SZ}): stop it"
        is_old = (transactions["action"] == DISCORD_ACTION) & (created_at >= cut_over_at)
        reasons[said] = is_old
    wrong = [condition.fillna(value=True).to_numpy(dtype=bool) for condition in reasons.values()]
    reason = np.select(wrong, list(reasons), "")
    is_due = (
        (created_at < midnight(as_of.date() + timedelta(days=1)))
        .fillna(value=False)
        .to_numpy(dtype=bool)
    )
    rejected = transactions.assign(reason=pd.array(reason, dtype="string"))[reason != ""]
    return (
        transactions[(reason == "") & is_due].reset_index(drop=True),
        rejected.drop_duplicates("transaction_id").reset_index(drop=True),
    )


def _without_zeroes(entries: pd.DataFrame) -> pd.DataFrame:
    return entries[entries["points"] != 0].reset_index(drop=True)
