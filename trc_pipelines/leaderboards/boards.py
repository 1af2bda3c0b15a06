"""Which boards stand now, and whether they changed: what a cache goes by."""

import hashlib
from collections.abc import Mapping
from datetime import date

import pandas as pd

from trc_pipelines.database.connection import Transaction


def record_boards(
    transaction: Transaction,
    domain: str,
    day: date,
    ranked: pd.DataFrame,
    starts: Mapping[str, date | None],
) -> None:
    """Note the boards of a day as they were ranked. A board that is as it was keeps its version.

    Args:
        ranked: as `rank_boards` gives it.
        starts: every board there is, also one on which nobody is ranked, and the first day of its
            period, None for a board without one.
    """
    rows = {board: ranked[ranked["board"] == board] for board in starts}
    sizes = {board: (len(rows[board]), _digest(rows[board])) for board in starts}
    record_sizes(transaction, domain, day, sizes, starts)


def record_sizes(
    transaction: Transaction,
    domain: str,
    day: date,
    sizes: Mapping[str, tuple[int, str]],
    starts: Mapping[str, date | None],
) -> None:
    """Note the boards of a day that the database ranked, as `record_boards` does.

    Args:
        sizes: how many are on a board, and a digest of who stands where with how much. A board that
            is missing has nobody on it.
    """
    for board, start in starts.items():
        members, digest = sizes.get(board, (0, ""))
        transaction.execute(
            "leaderboards/upsert_board",
            domain=domain,
            board=board,
            day=day,
            period_start=start,
            members=members,
            version=f"{day}:{digest}",
        )


def _digest(rows: pd.DataFrame) -> str:
    # Row by row hashes, in order of rank: cheap, and the same on every machine. Ids are unique on a
    # board, so looking for equal ones first (categorize) only costs.
    what = rows[["rank", "member_id", "score"]]
    hashes = pd.util.hash_pandas_object(what, index=False, categorize=False)
    return hashlib.sha256(hashes.to_numpy().tobytes()).hexdigest()[:16]
