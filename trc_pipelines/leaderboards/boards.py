"""Which boards stand now, and whether they changed: what a cache goes by."""

import hashlib
from datetime import date

import pandas as pd

from trc_pipelines.database.connection import Transaction


def record_boards(
    transaction: Transaction, domain: str, day: date, ranked: pd.DataFrame, starts: dict[str, date]
) -> None:
    """Note the boards of a day as they were ranked; a board that is as it was keeps its version.

    Args:
        ranked: as `rank_boards` gives it.
        starts: first day of the period, for boards that have one.
    """
    for board, rows in ranked.groupby("board"):
        transaction.execute(
            "leaderboards/upsert_board",
            domain,
            board,
            day,
            starts.get(str(board)),
            len(rows),
            f"{day}:{_digest(rows)}",
        )


def _digest(rows: pd.DataFrame) -> str:
    # Row by row hashes, in order of rank: cheap, and the same on every machine.
    hashes = pd.util.hash_pandas_object(rows[["rank", "member_id", "score"]], index=False)
    return hashlib.sha256(hashes.to_numpy().tobytes()).hexdigest()[:16]
