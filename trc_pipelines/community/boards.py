"""What the shared boards code needs to know of the community's boards."""

from datetime import UTC, date, datetime
from typing import cast

import pandas as pd

from trc_pipelines.calendar import Period
from trc_pipelines.community.accounts import find_accounts
from trc_pipelines.community.relations import NAME
from trc_pipelines.database.connection import Transaction
from trc_pipelines.leaderboards.cache import CachedBoards
from trc_pipelines.leaderboards.closing import PeriodicBoards
from trc_pipelines.settings import Settings


def _first_day(transaction: Transaction, settings: Settings) -> date | None:
    day = transaction.read_value("community/select_first_day", start_on=settings.community_start_on)
    return cast("date | None", day)


def _settled_until(transaction: Transaction, settings: Settings) -> datetime | None:
    if not settings.mee6_sync_enabled:
        return datetime.max.replace(tzinfo=UTC)  # no reading is waited for
    newest = transaction.read_row("community/select_newest_accepted_sync")
    return newest["synced_at"] if newest else None


def _pending_since(transaction: Transaction) -> datetime | None:
    return cast("datetime | None", transaction.read_value("community/select_pending_since"))


def _read_scores(transaction: Transaction, period: Period) -> pd.DataFrame:
    # Points of the period that are being posted right now are waited for.
    transaction.execute("jobs/lock_step", table="community.point_ledger")
    return transaction.read(
        "community/select_period_scores", first_day=period.start, last_day=period.last_day
    )


def _find_lasting_keys(transaction: Transaction, members: pd.Series) -> pd.Series:
    return find_accounts(transaction, members.to_frame()).astype("str")


def _read_rows(transaction: Transaction, board: str) -> pd.DataFrame:
    return transaction.read("community/select_board_rows", board=board)


CACHED_BOARDS = CachedBoards(NAME, _read_rows)
BOARDS = PeriodicBoards(
    NAME, _first_day, _settled_until, _read_scores, _pending_since, _find_lasting_keys
)
