"""Checks: sentences that are true of the tables. Seen in the UI as asset checks, run by `trc verify`.

What a check found is kept (`operations.check_results`): health alerts people to one that fails, and
to checks that are no longer evaluated.
"""

import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

import pandas as pd

from trc_pipelines.database.connection import Transaction

MAX_SHOWN = 5
HOURLY, DAILY = timedelta(hours=1), timedelta(days=1)
LONGEST_KEY = 64
NO_ID = re.compile(r"[^A-Za-z0-9_.:+/-]")
# Columns that say which row it is, in whatever check. The others are figures.
_KEY_COLUMN = re.compile(r"(^|_)(id|day|week|period|start|board|badge)$")


@dataclass(frozen=True)
class Check:
    """A sentence about a table, and the statement that finds the rows which break it.

    Attributes:
        table: the asset it belongs to, as `schema.table`.
        name: the sentence, true when nothing is found; `sql/<schema>/check_<name>.sql` looks.
        home: schema of what several domains share; its statement looks, and gets the domain as :domain.
        every: how often it is evaluated: HOURLY what costs little or is money, DAILY what reads
            whole histories.
        remedy: what to do when it fails.
    """

    table: str
    name: str
    description: str
    home: str | None = None
    every: timedelta = DAILY
    remedy: str = "Find out who or what changed it and mend that."

    def find_violations(self, transaction: Transaction) -> pd.DataFrame:
        """Find the rows that break the sentence, the worst or the first one first."""
        domain = self.table.split(".")[0]
        if self.home:
            return transaction.read(f"{self.home}/check_{self.name}", domain=domain)
        return transaction.read(f"{domain}/check_{self.name}")

    def evaluate(self, transaction: Transaction, now: datetime) -> pd.DataFrame:
        """Find the violations, record the result, and return them."""
        violations = self.find_violations(transaction)
        transaction.execute(
            "jobs/upsert_check_result",
            table=self.table,
            name=self.name,
            violations_count=len(violations),
            first_violations=json.dumps(keys_of(violations.head(MAX_SHOWN))),
            now=now,
        )
        return violations


def keys_of(violations: pd.DataFrame) -> list[dict[str, str]]:
    """Give the ids and periods of these rows as text: which ones they are, and nothing about anybody."""
    keys = violations[[name for name in violations.columns if _KEY_COLUMN.search(name)]]
    shown = keys.astype("str")
    # An app chooses its ids, so they may be hostile text.
    for name in keys.select_dtypes(["str", "object"]).columns:
        shown[name] = shown[name].str.replace(NO_ID, "?", regex=True).str.slice(0, LONGEST_KEY)
    found: list[dict[str, str]] = shown.to_dict("records")  # type: ignore[assignment]
    return found
